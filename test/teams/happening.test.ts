import assert from 'node:assert/strict'
import { ActivitySchema } from '../../src/teams/activity.ts'
import { happeningOf } from '../../src/teams/happening.ts'

const team = { id: '19:it@thread.tacv2', name: 'IT' }
const channel = { id: '19:phones@thread.tacv2', name: 'Phones' }
const happening = (fields: object) =>
  happeningOf(
    ActivitySchema.parse({
      type: 'conversationUpdate',
      channelId: 'msteams',
      conversation: { id: `${channel.id};messageid=1`, conversationType: 'channel' },
      from: { id: '29:ann' },
      ...fields,
    }),
  )
const update = (eventType: string, more: object = {}) => happening({ channelData: { eventType, team, ...more } })

describe('what Teams says of a place', () => {
  it('is that a channel was deleted or renamed', () => {
    assert.deepEqual(update('channelDeleted', { channel }), {
      ...{ kind: 'ended', conversation: channel.id, why: 'The channel was deleted.' },
    })
    assert.deepEqual(update('channelRenamed', { channel }), {
      ...{ kind: 'renamed', conversation: channel.id, name: 'Phones' },
    })
  })

  it('is that a team was deleted, archived or brought back', () => {
    for (const eventType of ['teamDeleted', 'teamHardDeleted'])
      assert.deepEqual(update(eventType), { kind: 'teamEnded', team: team.id, why: 'The team was deleted.' })
    assert.deepEqual(update('teamArchived'), { kind: 'archived', team: team.id })
    assert.deepEqual(update('teamUnarchived'), { kind: 'unarchived', team: team.id })
  })

  it('is that the bot was uninstalled from a team, and from a chat', () => {
    const why = 'Device Desk was uninstalled there.'
    const gone = { type: 'installationUpdate', action: 'remove' }
    assert.deepEqual(happening({ ...gone, channelData: { team } }), { kind: 'teamEnded', team: team.id, why })
    const chat = { id: 'a:1', conversationType: 'personal' }
    assert.deepEqual(happening({ ...gone, conversation: chat }), { kind: 'ended', conversation: 'a:1', why })
  })

  it('is nothing when somebody joins or leaves, a team is renamed, or it cannot be read', () => {
    for (const eventType of ['teamMemberAdded', 'teamMemberRemoved', 'teamRenamed', 'channelCreated', 'unheardOf'])
      assert.equal(update(eventType), undefined)
    assert.equal(update('channelDeleted'), undefined)
    assert.equal(update('channelRenamed', { channel: { id: channel.id } }), undefined)
    assert.equal(happening({ channelData: { eventType: 'teamDeleted' } }), undefined)
    assert.equal(happening({ type: 'installationUpdate', action: 'add', channelData: { team } }), undefined)
  })
})
