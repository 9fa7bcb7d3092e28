/**
 * The usage line of a command is its grammar. In `<ref> [ticket:] <reason>` the first word is the ref, `ticket:` an option, and
 * the rest of the line the reason. Square brackets may be left out; `on` in `<role> on <collection>` parts two arguments of
 * many words, `[in <parent>]` is an option that a word announces.
 */
export interface Grammar {
  readonly positionals: readonly { readonly name: string; readonly after: string | undefined }[]
  readonly options: readonly { readonly name: string; readonly word: string | undefined }[]
  /** Where an option stands behind the last positional it may be anywhere; otherwise a text that has begun keeps its colons. */
  readonly anywhere: boolean
}

export function readUsage(usage: string): Grammar {
  const positionals: Grammar['positionals'][number][] = []
  const options: Grammar['options'][number][] = []
  let after: string | undefined
  let anywhere = true
  for (const match of usage.matchAll(/\[([a-z]+) <(\w+)>\]|[<[](\w+):[>\]]|[<[](\w+)[>\]]|([a-z]+)/g)) {
    const [, word, announced, option, positional, literal] = match
    if (literal !== undefined) after = literal
    else if (positional !== undefined) {
      positionals.push({ name: positional, after })
      after = undefined
      anywhere = options.length === 0
    } else {
      options.push({ name: announced ?? option ?? '', word })
      anywhere = true
    }
  }
  return { positionals, options, anywhere }
}

interface Word {
  /** As it stood in the line. */
  readonly raw: string
  readonly key: string | undefined
  /** Without key and quotes. */
  readonly text: string
  readonly quoted: boolean
}

/** Words of a line; quotes of any fashion group, also behind a key: `os:"iOS 17"`. A single quote within a word is an apostrophe. */
export function splitWords(line: string): Word[] {
  const single = /['‘‚](?:[^'‘’‚]|(?<=\S)['’](?=\S))*['‘’](?!\S)/
  const quotes = [/"[^"]*"/, /[“”„][^“”„]*[“”„]/, /[«»][^«»]*[«»]/, single].map(({ source }) => source).join('|')
  const pattern = new RegExp(`(?:([\\w-]+):)?(${quotes})|(?:([\\w-]+):)?(\\S+)`, 'g')
  return [...line.matchAll(pattern)].map(([raw, quotedKey, quoted, plainKey, plain]) => {
    const text = quoted === undefined ? plain : quoted.slice(1, -1)
    return { raw, key: quotedKey ?? plainKey, text: text ?? '', quoted: quoted !== undefined }
  })
}

/** Gives each word its place. What is missing is absent; what is too much belongs to the last positional. */
export function readLine({ positionals, options, anywhere }: Grammar, line: string): Record<string, string> {
  const values: Record<string, string> = {}
  let at = 0
  let taken: Word[] = []
  const end = () => {
    const name = positionals[at]?.name
    const [first] = taken
    if (name === undefined || first === undefined) return
    values[name] =
      taken.length === 1 && first.quoted && first.key === undefined ? first.text : taken.map(({ raw }) => raw).join(' ')
    taken = []
  }
  const words = splitWords(line)
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const bare = word.key === undefined && !word.quoted ? word.text.toLowerCase() : undefined
    const inText = !anywhere && at === positionals.length - 1 && taken.length > 0
    const option = inText
      ? undefined
      : options.find(
          ({ name, word: announced }) =>
            (announced ?? name.toLowerCase()) === (announced === undefined ? word.key?.toLowerCase() : bare),
        )
    const next = positionals[at + 1]
    if (option !== undefined) values[option.name] = option.word === undefined ? word.text : (words.shift()?.text ?? '')
    else if (next?.after !== undefined && bare === next.after && taken.length > 0) {
      end()
      at += 1
    } else {
      taken.push(word)
      if (next === undefined || next.after !== undefined) continue
      end()
      at += 1
    }
  }
  end()
  return values
}
