import { closest, distance } from 'fastest-levenshtein'
import type { Command } from './command.ts'

/** What to say to a word that no command has: the nearest one, if it is near, and an example. */
export function nearest(word: string, commands: readonly Command[]): string {
  const shown = word.slice(0, 40)
  const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases])
  const guess = closest(shown, names)
  const command = commands.find(({ name, aliases = [] }) => name === guess || aliases.includes(guess))
  const near = distance(shown, guess) <= (guess.length < 5 ? 1 : Math.max(2, Math.floor(guess.length / 3)))
  if (command === undefined || !near)
    return `“${shown}”; type “help” to see what I can do, or for example “find adele”.`
  return `“${shown}”; did you mean “${guess}”? Type for example “${command.example}”.`
}
