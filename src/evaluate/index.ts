export * from './experiment/experiment.ts'
export * from './leaderboard/leaderboard.ts'
