/** A number with its noun, in the plural where it is not one: `1 signal`, `2 signals`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
