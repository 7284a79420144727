/**
 * A text from somebody's data as a terminal may have it: control characters, which could move the cursor, colour what
 * follows or break the line, become a space.
 */
export function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}
