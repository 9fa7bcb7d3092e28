/** A part of a text that Teams shows as a mention: `<at>Name</at>`. */
export interface Mention {
  readonly text: string
  readonly name: string
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (letter) => entities[letter] ?? letter)

const link = (href: string, text: string) => `<a href="${href}" target="_blank" rel="noopener noreferrer">${text}</a>`

/** Bold, italic, links; of HTML-escaped text. Escaped Markdown characters become numeric entities first. */
const inline = (html: string) =>
  html
    .replace(/\\([\\`*_{}[\]()#+\-.!|~])/g, (_, letter: string) => `&#${letter.charCodeAt(0)};`)
    .replace(/\[([^\]]+)\]\((https?:\/\/[^\s)]+|mailto:[^\s)]+)\)/g, (_, text: string, href: string) =>
      link(href, text),
    )
    .replace(
      /(^|[\s(])(https?:\/\/[^\s<)]*[^\s<).,;:!?])/g,
      (_, before: string, href: string) => before + link(href, href),
    )
    .replace(/\*\*(\S(?:.*?\S)?)\*\*/g, '<strong>$1</strong>')
    .replace(/(^|[^\w*])[*_](\S(?:.*?\S)?)[*_](?![\w*])/g, '$1<em>$2</em>')

const blocks = [
  { tag: 'ul', item: /^\s*[-*]\s+/ },
  { tag: 'ol', item: /^\s*\d+[.)]\s+/ },
]

const block = (paragraph: string) => {
  const lines = paragraph.split('\n').filter((line) => line.trim() !== '')
  const list = blocks.find(({ item }) => lines.every((line) => item.test(line)))
  if (!list) return `<p>${inline(lines.join(' '))}</p>`
  return `<${list.tag}>${lines.map((line) => `<li>${inline(line.replace(list.item, ''))}</li>`).join('')}</${list.tag}>`
}

/**
 * The Markdown that Teams draws in cards and messages: bold, italic, lists and links, nothing else ("Format cards in
 * Microsoft Teams", Microsoft Learn). Everything that could be HTML is escaped.
 */
export const markdown = (text: string, mentions: readonly Mention[] = []) => {
  const html = escapeHtml(text.replaceAll('\r', ''))
    .split(/\n{2,}/)
    .map(block)
    .join('')
  return mentions.reduce(
    (sum, mention) =>
      sum.replaceAll(escapeHtml(mention.text), `<span class="mention">${escapeHtml(mention.name)}</span>`),
    html,
  )
}

/** Text as somebody typed it, with mentions. */
export const plain = (text: string, mentions: readonly Mention[] = []) =>
  mentions.reduce(
    (sum, mention) =>
      sum.replaceAll(escapeHtml(mention.text), `<span class="mention">${escapeHtml(mention.name)}</span>`),
    `<p class="typed">${escapeHtml(text)}</p>`,
  )
