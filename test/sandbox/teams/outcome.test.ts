import assert from 'node:assert/strict'
import { readActionAnswer, readDialogAnswer, readPlainAnswer } from '../../../src/sandbox/teams/outcome.ts'

const answer = (body: unknown, status = 200) => ({ status, body, posted: [] })
const wrong = (why: string) => ({ kind: 'error', text: `Something went wrong. Try again. (${why})` })
const unknown = wrong('The bot gave an answer that Teams does not know.')

describe('sandbox/teams outcome', () => {
  it('of a press is the card, a message or an error line', () => {
    const read = (statusCode: number, type: string, value?: unknown) =>
      readActionAnswer(answer({ statusCode, type, value }))
    assert.deepEqual(read(200, 'application/vnd.microsoft.card.adaptive', {}), { kind: 'nothing' })
    assert.deepEqual(read(200, 'application/vnd.microsoft.activity.message', 'Done'), { kind: 'message', text: 'Done' })
    const error = { code: 'BadRequest', message: 'Open it anew.' }
    for (const [status, type] of [
      [400, 'application/vnd.microsoft.error'],
      [412, 'application/vnd.microsoft.error.preconditionFailed'],
      [500, 'application/vnd.microsoft.error'],
    ] as const) {
      assert.deepEqual(read(status, type, error), { kind: 'error', text: 'Open it anew.' })
    }
    assert.match(JSON.stringify(read(401, 'application/vnd.microsoft.activity.loginRequest', {})), /sign-in/)
  })

  it('of a press is an error for what Teams would not take', () => {
    assert.deepEqual(readActionAnswer(answer('')), unknown)
    assert.deepEqual(readActionAnswer(answer({ statusCode: 200, type: 'card' })), unknown)
    assert.deepEqual(readActionAnswer(answer('', 501)), wrong('The bot answered with HTTP 501.'))
  })

  it('of a dialog is the next card, a message or its end', () => {
    const card = { contentType: 'application/vnd.microsoft.card.adaptive', content: { body: [] } }
    const next = { task: { type: 'continue', value: { title: 'Why?', card, width: 'small' } } }
    assert.deepEqual(readDialogAnswer(answer(next)), {
      kind: 'dialog',
      title: 'Why?',
      width: 'small',
      card: { body: [] },
    })
    const end = { task: { type: 'message', value: 'Thank you.' } }
    assert.deepEqual(readDialogAnswer(answer(end)), { kind: 'message', text: 'Thank you.' })
    for (const empty of ['', {}, undefined]) assert.deepEqual(readDialogAnswer(answer(empty)), { kind: 'nothing' })
    assert.deepEqual(readDialogAnswer(answer({ task: {} })), unknown)
    assert.deepEqual(readDialogAnswer(answer(next, 500)), wrong('The bot answered with HTTP 500.'))
  })

  it('of anything else is only whether it arrived', () => {
    for (const status of [0, 200, 202]) assert.deepEqual(readPlainAnswer(answer('', status)), { kind: 'nothing' })
    assert.deepEqual(readPlainAnswer(answer('x', 500)), wrong('The bot answered with HTTP 500.'))
    assert.deepEqual(readPlainAnswer(answer('refused', 502)), wrong('The bot cannot be reached: refused'))
  })
})
