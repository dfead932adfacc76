import assert from 'node:assert/strict'

import { until } from '../support/until.mjs'

const PEOPLE = { Ada: 1, Grace: 2, Edsger: 3, Mallory: 4 }
const LOBBY = 'presence-room.lobby'
const LOBBY_RECEIPTS = 'private-room.lobby.receipts'
const CREW = 'presence-room.crew'
const CREW_RECEIPTS = 'private-room.crew.receipts'

const member = (name) => `#members [data-member="${PEOPLE[name]}"]`
let counter = 0

/** A text no other test has used. */
const unique = (text) => `${text} (${++counter})`

/** Opens the chat and signs in as somebody, who is in the lobby then. */
async function enter({ browser, demo }, name, options) {
    const window = await browser.open(`${demo.url}/chat`, options)
    await window.page.click(`[data-sign-in="${PEOPLE[name]}"]`)
    await window.connected()
    for (const channel of ['journeys', LOBBY, LOBBY_RECEIPTS]) await window.subscribed(channel)
    await window.sees(member(name), 'you')
    // The history is loaded when the first of its messages stands there.
    await window.sees('[data-message]')
    return window
}

/** Sends a message and returns what the application answered. */
async function say(window, text) {
    await window.page.fill('#composer input', text)
    const [answer] = await Promise.all([
        window.page.waitForResponse((response) => response.url().endsWith('/messages') && response.request().method() === 'POST'),
        window.page.press('#composer input', 'Enter'),
    ])
    await window.sees('.line.mine .body', text)
    return answer.json()
}

async function countIs(window, count) {
    await until(`${count} to be here`, async () => (await window.texts('#count'))[0] === String(count))
    assert.equal(await window.page.locator('#members li').count(), count)
}

const spoken = (window, text) => window.received('MessageSent').filter(({ data }) => data.message.body === text)

export default {
    async 'who comes in appears for the others, and is gone when the window closes'(context) {
        const ada = await enter(context, 'Ada')
        await countIs(ada, 1)

        const grace = await enter(context, 'Grace')
        await ada.sees(member('Grace'))
        await grace.sees(member('Ada'))
        await countIs(ada, 2)
        await countIs(grace, 2)
        await ada.sees('.note', 'Grace came in')

        await grace.close()
        await ada.seesNo(member('Grace'))
        await countIs(ada, 1)
        await ada.sees('.note', 'Grace left')
        assert.deepEqual(ada.received('pusher_internal:member_added', LOBBY).map(({ data }) => data.user_info.name), ['Grace'])
    },

    async 'several windows of one user count once'(context) {
        const ada = await enter(context, 'Ada')
        const first = await enter(context, 'Grace')
        const second = await enter(context, 'Grace')
        for (const window of [ada, first, second]) await countIs(window, 2)

        await first.close()
        const text = unique('Still here')
        await say(second, text)
        await ada.sees('.line .body', text)
        await countIs(ada, 2)

        await second.close()
        await ada.seesNo(member('Grace'))
        // One, although two windows came and went.
        assert.equal(ada.received('pusher_internal:member_added', LOBBY).length, 1)
        assert.equal(ada.received('pusher_internal:member_removed', LOBBY).length, 1)
    },

    async 'two windows that share their cookies are two users'(context) {
        const ada = await enter(context, 'Ada')
        const grace = await enter(context, 'Grace', { sharing: ada })

        await ada.sees(member('Grace'))
        await countIs(ada, 2)
        await grace.page.reload()
        await grace.sees(member('Grace'), 'you')
        await grace.sees(member('Ada'))
    },

    async 'a message arrives in the other window and not as an event in its own'(context) {
        const ada = await enter(context, 'Ada')
        const grace = await enter(context, 'Grace')
        const [question, answer] = [unique('Do you hear me?'), unique('Loud and clear')]

        await say(ada, question)
        await grace.sees('.line:not(.mine) .body', question)
        await say(grace, answer)
        await ada.sees('.line:not(.mine) .body', answer)

        // The answer was broadcast after the question, on the same channel: the question would have come first.
        assert.equal(spoken(grace, question).length, 1)
        assert.equal(spoken(ada, question).length, 0)
        assert.equal(spoken(ada, answer).length, 1)
        assert.equal(spoken(grace, answer).length, 0)
        assert.equal(await ada.page.locator('.line .body').filter({ hasText: question }).count(), 1)
        await ada.sees('#journey', /to ?others/i)
    },

    async 'toOthers() leaves out one window, not the user: her second window gets the message'(context) {
        const first = await enter(context, 'Ada')
        const second = await enter(context, 'Ada')
        const text = unique('To myself')

        await say(first, text)
        await second.sees('.line.mine .body', text)
        assert.equal(spoken(second, text).length, 1)
    },

    async 'typing is whispered to the others'(context) {
        const ada = await enter(context, 'Ada')
        const grace = await enter(context, 'Grace')
        await ada.sees(member('Grace'))

        await ada.page.locator('#composer input').pressSequentially('h')
        await grace.sees('#typing', 'Ada is typing')
        const whisper = await grace.frame('client-typing')
        assert.deepEqual([whisper.channel, whisper.data, whisper.user_id], [LOBBY, { id: PEOPLE.Ada }, String(PEOPLE.Ada)])

        // Sending ends it at once, and the whisper has not come back to whom it came from.
        const text = unique('hello')
        await say(ada, text)
        await grace.sees('.line .body', text)
        await grace.seesNo('#typing', 'Ada is typing')
        await say(grace, unique('hello too'))
        await ada.frame('MessageSent')
        assert.deepEqual(ada.received('client-typing').filter((frame) => frame.user_id === String(PEOPLE.Ada)), [])
    },

    async 'who has read a message is told on the private channel'(context) {
        const ada = await enter(context, 'Ada')
        const text = unique('Read me')
        await say(ada, text)
        const line = ada.page.locator('.line.mine').filter({ hasText: text })
        const id = Number(await line.getAttribute('data-message'))
        assert.equal(await line.locator('.readers').innerText(), '')

        await enter(context, 'Grace')
        await ada.sees(`[data-message="${id}"] .readers`, 'read by Grace')
        const receipt = await ada.frame('MessagesRead', ({ data }) => data.up_to === id)
        assert.deepEqual([receipt.channel, receipt.data.user_id], [LOBBY_RECEIPTS, PEOPLE.Grace])

        // Not only an event: it is still known after a reload.
        await ada.page.reload()
        await ada.sees(`[data-message="${id}"] .readers`, 'read by Grace')
    },

    async 'a user who is no member is refused, and is told so'(context) {
        const ada = await enter(context, 'Ada')
        await ada.page.click('[data-room="crew"]')
        for (const channel of [CREW, CREW_RECEIPTS]) await ada.subscribed(channel)

        const mallory = await enter(context, 'Mallory')
        const answers = []
        mallory.page.on('response', (response) => {
            if (response.url().endsWith('/broadcasting/auth')) answers.push(response.status())
        })
        await mallory.page.click('[data-room="crew"]')
        await mallory.sees('#refused[role="alert"]', 'Mallory is not a member of Crew')
        for (const channel of [CREW, CREW_RECEIPTS]) await mallory.sees('#refused li', `${channel}: 403`)
        assert.deepEqual(answers, [403, 403])
        await mallory.seesNo('#composer')

        // The figures of a journey are public and follow the message: with them, the message would have been here.
        const text = unique('Among us')
        const { journey } = await say(ada, text)
        await mallory.frame('JourneyMeasured', ({ data }) => data.id === journey)
        assert.deepEqual(mallory.frames.filter(({ channel }) => channel?.includes('crew')), [])
        await countIs(ada, 1)

        await mallory.page.click('[data-room="lobby"]')
        await mallory.sees(member('Mallory'), 'you')
        await mallory.seesNo('#refused')
    },

    async 'a signature that Laravel did not make opens nothing'(context) {
        const mallory = await enter(context, 'Mallory')

        await mallory.page.evaluate((channel) => {
            const pusher = window.Pusher.instances[0]
            pusher.send_event('pusher:subscribe', { channel, auth: `${pusher.key}:${'0'.repeat(64)}` })
        }, CREW_RECEIPTS)

        const error = await mallory.frame('pusher:error')
        assert.match(JSON.stringify(error.data), /signature|auth/i)
        assert.equal(mallory.received('pusher_internal:subscription_succeeded', CREW_RECEIPTS).length, 0)
        // Refused, not thrown out: a close would stop pusher-js for good.
        await say(mallory, unique('It was worth a try'))
        await mallory.connected()
    },

    async 'leaving a room is seen by those who stay'(context) {
        const ada = await enter(context, 'Ada')
        const grace = await enter(context, 'Grace')
        await ada.sees(member('Grace'))

        await grace.page.click('[data-room="crew"]')
        await grace.subscribed(CREW)
        await ada.seesNo(member('Grace'))
        await countIs(grace, 1)

        await grace.page.click('#sign-out')
        await grace.page.click(`[data-sign-in="${PEOPLE.Edsger}"]`)
        await ada.sees(member('Edsger'))
        await countIs(ada, 2)
    },
}
