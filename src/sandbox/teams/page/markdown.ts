import { field } from './json.ts'

/** A part of a text that Teams shows as a mention: `<at>Name</at>`. */
export interface Mention {
  readonly text: string
  readonly name: string
}

/** The mentions among the entities of a message or a card. */
export const mentionsIn = (entities: unknown): Mention[] =>
  (Array.isArray(entities) ? entities : [])
    .filter((entity) => field(entity, 'type') === 'mention')
    .map((entity) => ({
      text: String(field(entity, 'text')),
      name: String(field(field(entity, 'mentioned'), 'name')),
    }))

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (letter) => entities[letter] ?? letter)

const link = (href: string, html: string) =>
  `<a href="${escapeHtml(href)}" target="_blank" rel="noopener noreferrer">${html}</a>`

const atTags = /<at>[^<]*<\/at>/

/** What means something inside a line; everything else is text. */
const marks = new RegExp(
  [
    String.raw`\\(?<escaped>[\\\`*_{}[\]()#+\-.!|~])`,
    `(?<at>${atTags.source})`,
    String.raw`\[(?<label>[^\]]+)\]\((?<href>(?:https?:\/\/|mailto:)[^\s)]+)\)`,
    String.raw`(?<bare>https?:\/\/[^\s<)]*[^\s<).,;:!?])`,
    String.raw`\*\*(?<bold>\S(?:.*?\S)?)\*\*`,
    String.raw`(?<![\w*])(?<sign>[*_])(?<italic>\S(?:.*?\S)?)\k<sign>(?![\w*])`,
  ].join('|'),
  'g',
)

/** Draws what matches, and the rest as text. */
const drawEach = (text: string, pattern: RegExp, draw: (match: RegExpExecArray) => string) => {
  let html = ''
  let end = 0
  for (const match of text.matchAll(pattern)) {
    html += escapeHtml(text.slice(end, match.index)) + draw(match)
    end = match.index + match[0].length
  }
  return html + escapeHtml(text.slice(end))
}

const mentioned = (tag: string, mentions: readonly Mention[]) => {
  const mention = mentions.find(({ text }) => text === tag)
  return mention ? `<span class="mention">${escapeHtml(mention.name)}</span>` : escapeHtml(tag)
}

const inline = (text: string, mentions: readonly Mention[]): string =>
  drawEach(text, marks, ({ 0: all, groups: { escaped, at, label, href, bare, bold, italic } = {} }) => {
    if (escaped) return escapeHtml(escaped)
    if (at) return mentioned(at, mentions)
    if (label && href) return link(href, inline(label, mentions))
    if (bare) return link(bare, escapeHtml(bare))
    if (bold) return `<strong>${inline(bold, mentions)}</strong>`
    return italic ? `<em>${inline(italic, mentions)}</em>` : escapeHtml(all)
  })

const lists = [
  { tag: 'ul', item: /^\s*[-*]\s+/ },
  { tag: 'ol', item: /^\s*\d+[.)]\s+/ },
]

const block = (paragraph: string, mentions: readonly Mention[]) => {
  const lines = paragraph.split('\n').filter((line) => line.trim() !== '')
  const list = lists.find(({ item }) => lines.every((line) => item.test(line)))
  if (!list) return `<p>${inline(lines.join(' '), mentions)}</p>`
  const items = lines.map((line) => `<li>${inline(line.replace(list.item, ''), mentions)}</li>`)
  return `<${list.tag}>${items.join('')}</${list.tag}>`
}

/**
 * The Markdown that Teams draws in cards and messages: bold, italic, lists and links, nothing else ("Format cards in
 * Microsoft Teams", Microsoft Learn). What could be HTML is text.
 */
export const markdown = (text: string, mentions: readonly Mention[] = []) =>
  text
    .replaceAll('\r', '')
    .split(/\n{2,}/)
    .map((paragraph) => block(paragraph, mentions))
    .join('')

/** Text as somebody typed it, with mentions. */
export const plain = (text: string, mentions: readonly Mention[] = []) =>
  `<p class="typed">${drawEach(text, new RegExp(atTags, 'g'), ([tag]) => mentioned(tag, mentions))}</p>`
