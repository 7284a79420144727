/** Whether a text has the form of a BCP 47 tag, such as `en` or `pt-BR`. */
export function isLanguageTag(text: string): boolean {
  return /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(text)
}

let tags: ReadonlyMap<string, string> | undefined

/** Every language of two letters that has an English name, by that name. */
function tagsByName(): ReadonlyMap<string, string> {
  const names = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' })
  const letters = [...'abcdefghijklmnopqrstuvwxyz']
  const found = letters
    .flatMap((first) => letters.map((second) => first + second))
    // Of several tags of one language (`iw`, `he`) the canonical one counts.
    .filter((tag) => Intl.getCanonicalLocales(tag)[0] === tag)
    .flatMap((tag): [string, string][] => {
      const name = names.of(tag)
      return name === undefined ? [] : [[name, tag]]
    })
  return new Map(found)
}

/** The BCP 47 tag of a language given as a tag or by its English name; undefined for anything else. */
export function languageTag(text: string): string | undefined {
  if (isLanguageTag(text)) return text
  tags ??= tagsByName()
  return tags.get(text)
}
