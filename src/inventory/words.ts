/** Text as it is compared: without case and accents, so that `jose` finds José. */
export function fold(text: string): string {
  const lower = text.toLowerCase()
  return /[^\0-\x7f]/.test(lower) ? lower.normalize('NFKD').replace(/\p{M}+/gu, '') : lower
}

/** The words of a text, compared as `fold` says, each from its first letter or digit on. */
export const wordsOf = (text: string): string[] => fold(text).match(/[\p{L}\p{N}][^\s,;()"]*/gu) ?? []

/** The digits of a telephone number, which people write with all kinds of signs between. */
export const digitsOf = (phone: string): string => phone.replace(/\D+/g, '')
