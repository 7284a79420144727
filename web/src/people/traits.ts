/** A rater's traits in a line. */
export function traitsInWords(traits: { readonly [name: string]: string | number | boolean }): string {
  return Object.entries(traits)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`)
    .join(', ')
}
