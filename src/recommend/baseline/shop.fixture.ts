import type { Random } from '../../run/index.ts'
import { type InteractionLog, interactionLog } from '../interactions/interaction-log.ts'

/** A small simulated shop: users take items of their own circle of taste fifteen times as often as others. */
export function shopLog(random: Random): InteractionLog {
  const [userCount, itemCount, circles] = [200, 160, 4]
  const users: number[] = []
  const items: number[] = []
  for (let user = 0; user < userCount; user++)
    for (let item = 0; item < itemCount; item++)
      if (random.chance(user % circles === item % circles ? 0.3 : 0.02)) {
        users.push(user)
        items.push(item)
      }
  return interactionLog({ users, items, userCount, itemCount })
}
