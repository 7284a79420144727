export {
  type ArenaModel,
  type ArenaVote,
  type ArenaWorld,
  type ArenaWorldOptions,
  arenaSignals,
  arenaWorld,
} from './arena.ts'
