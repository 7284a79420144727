/** From a bracket to the one that closes it, or undefined. */
function balanced(text: string, start: number): string | undefined {
  let depth = 0
  let quoted = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (quoted) {
      if (character === '\\') at++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '{' || character === '[') depth++
    else if ((character === '}' || character === ']') && --depth === 0) return text.slice(start, at + 1)
  }
  return undefined
}

/**
 * The JSON value in a model's answer: the whole of it, else what stands in a fenced block, else the first object or
 * array in it that can be read. Thoughts between `<think>` tags are left out, also where the first tag is missing (it was
 * part of the prompt) or the last (the answer was cut off).
 *
 * @returns undefined when there is none
 */
export function jsonIn(answer: string): { readonly json: unknown } | undefined {
  const read = (text: string): { readonly json: unknown } | undefined => {
    try {
      return { json: JSON.parse(text) as unknown }
    } catch {
      return undefined
    }
  }
  const all = read(answer.trim())
  if (all) return all
  const spoken = answer.split('</think>').at(-1) ?? ''
  const said = spoken.replace(/<think>[\s\S]*$/, '').trim()
  const whole = read(said)
  if (whole) return whole
  for (const [, block = ''] of said.matchAll(/```[a-z]*\s*\n([\s\S]*?)```/gi)) {
    const found = read(block)
    if (found) return found
  }
  // A bound on the brackets tried: each may be scanned to the end.
  let tried = 0
  for (const { index } of said.matchAll(/[{[]/g)) {
    if (++tried > 50) return undefined
    const piece = balanced(said, index)
    const found = piece === undefined ? undefined : read(piece)
    if (found) return found
  }
  return undefined
}
