import { InputError } from './failure.ts'

/** The value of `--options`. @throws {InputError} when it is no JSON object */
export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  const found: unknown = (() => {
    try {
      return JSON.parse(text)
    } catch {
      return undefined
    }
  })()
  if (typeof found === 'object' && found !== null && !Array.isArray(found))
    return found as Readonly<Record<string, unknown>>
  throw new InputError(`--options is ${text}, expected a JSON object such as '{"heads": 4}'`)
}
