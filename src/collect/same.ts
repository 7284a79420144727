/**
 * Whether two JSON-like values are equal: members in any order, an undefined member counting as absent, −0 equal to 0.
 * The values JSON writes the same way are the same here.
 */
export function sameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false
    return left.every((entry, position) => sameJson(entry, right[position]))
  }
  const [ours, theirs] = [left as { [key: string]: unknown }, right as { [key: string]: unknown }]
  let unmatched = 0
  for (const key of Object.keys(theirs)) if (theirs[key] !== undefined) unmatched++
  for (const key of Object.keys(ours)) {
    if (ours[key] === undefined) continue
    if (!Object.hasOwn(theirs, key) || !sameJson(ours[key], theirs[key])) return false
    unmatched--
  }
  return unmatched === 0
}
