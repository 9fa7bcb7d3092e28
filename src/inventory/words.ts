/** Text as it is compared: without case and accents, so that `jose` finds José. */
export function fold(text: string): string {
  const lower = text.toLowerCase()
  return /[^\0-\x7f]/.test(lower) ? lower.normalize('NFKD').replace(/\p{M}+/gu, '') : lower
}

/** The words of a text, compared as `fold` says, each from its first letter or digit on. */
export const wordsOf = (text: string): string[] =>
  fold(text)
    .split(/[\s,;()"]+/)
    .map((word) => (/^[a-z0-9]/.test(word) ? word : word.replace(/^[^\p{L}\p{N}]+/u, '')))
    .filter((word) => word !== '')

/** The digits of a telephone number, which people write with all kinds of signs between. */
export const digitsOf = (phone: string): string => phone.replace(/\D+/g, '')
