import assert from 'node:assert/strict'

import { next } from '../support/client.mjs'
import { until } from '../../support/until.mjs'

const ada = { user_id: '31', user_info: { name: 'Ada' } }
const bob = { user_id: 32 }

async function pair({ connect, name }, prefix, app = 'main') {
    const channel = name(prefix)
    const [sender, receiver] = [await connect(app, { member: ada }), await connect(app, { member: bob })]
    const [from, to] = [await sender.subscribe(channel), await receiver.subscribe(channel)]
    return { sender, receiver, from, to, channel }
}

function testsOf(prefix) {
    return {
        async [`${prefix} reaches the others and not the sender`](context) {
            const { sender, receiver, from, channel } = await pair(context, prefix)
            assert.equal(from.trigger('client-greeting', { foo: 'bar' }), true)
            assert.deepEqual((await receiver.message('client-greeting')).data, { foo: 'bar' })
            await context.api().trigger(channel, 'fence', {})
            await sender.message('fence')
            assert.deepEqual(sender.received('client-greeting'), [])
            assert.deepEqual(sender.received('pusher:error'), [])
        },

        async [`${prefix} carries any data unchanged, in order`](context) {
            const { receiver, from } = await pair(context, prefix)
            const values = [{}, [], 'text', '{"a":"string"}', 7, false, { deep: { '': [{}, null] } }, 'ünï☃']
            for (const value of values) from.trigger('client-value', value)
            await until('all values', () => receiver.received('client-value').length === values.length)
            // pusher-js decodes a string that holds JSON; what it got is seen in the table of raw frames.
            const expected = values.map((value) => (value === '{"a":"string"}' ? { a: 'string' } : value))
            assert.deepEqual(receiver.received('client-value').map(({ data }) => data), expected)
        },
    }
}

export default {
    ...testsOf('private-'),
    ...testsOf('presence-'),

    async 'on a presence channel the receiver learns who sent it'(context) {
        const { from, to } = await pair(context, 'presence-')
        const [there, back] = [next(to, 'client-typing'), next(from, 'client-typing')]
        from.trigger('client-typing', { at: 1 })
        to.trigger('client-typing', { at: 2 })
        assert.deepEqual(await there, [{ at: 1 }, { user_id: '31' }])
        assert.deepEqual(await back, [{ at: 2 }, { user_id: '32' }], 'as a string, though it was authorized as a number')
    },

    async 'on a private channel nobody is named'(context) {
        const { from, to } = await pair(context, 'private-')
        const event = next(to, 'client-typing')
        from.trigger('client-typing', {})
        assert.deepEqual(await event, [{}, {}])
    },

    async 'a sender cannot name another'(context) {
        const { sender, receiver, channel } = await pair(context, 'presence-')
        sender.pusher.connection.connection.transport.send(JSON.stringify({ event: 'client-claim', channel, data: {}, user_id: '99' }))
        assert.equal((await receiver.message('client-claim')).user_id, '31')
    },

    async 'is refused on a public channel'(context) {
        const { sender, receiver, from, channel } = await pair(context, 'public-')
        from.trigger('client-loud', {})
        assert.equal((await sender.error(/./)).code, null)
        await context.api().trigger(channel, 'fence', {})
        await receiver.message('fence')
        assert.deepEqual(receiver.received('client-loud'), [])
    },

    async 'is refused from somebody who is not subscribed'(context) {
        const { receiver, channel } = await pair(context, 'private-')
        const stranger = await context.connect()
        stranger.pusher.send_event('client-stranger', {}, channel)
        const { code } = await stranger.error(/./)
        assert.equal(code, null)
        assert.equal(stranger.received('pusher:error')[0].data.message, `Cannot broadcast client event (connection not subscribed to channel ${channel})`)
        await context.api().trigger(channel, 'fence', {})
        await receiver.message('fence')
        assert.deepEqual(receiver.received('client-stranger'), [])
    },

    async 'is refused by an app that switched them off'(context) {
        const { sender, receiver, from, channel } = await pair(context, 'private-', 'silent')
        from.trigger('client-off', {})
        assert.deepEqual(await sender.error(/./), {
            code: null,
            message: 'To send client events, you must enable this feature in the Settings page of your dashboard.',
        })
        await context.api('silent').trigger(channel, 'fence', {})
        await receiver.message('fence')
        assert.deepEqual(receiver.received('client-off'), [])
        assert.equal(sender.pusher.connection.state, 'connected')
    },

    async 'too many in a second are dropped with 4301, and the connection stays'(context) {
        const { sender, receiver, from } = await pair(context, 'private-', 'hosted')
        for (let index = 0; index < 30; index++) from.trigger('client-flood', { index })
        await until('4301', () => sender.received('pusher:error').some(({ data }) => data.code === 4301))
        const fence = await until('a free moment', async () => {
            from.trigger('client-later', {})
            return receiver.received('client-later')[0]
        })
        assert.ok(fence)
        const indexes = receiver.received('client-flood').map(({ data }) => data.index)
        assert.deepEqual(indexes.slice(0, 10), [...Array(10).keys()])
        assert.ok(indexes.length < 30, `${indexes.length} of 30 came through`)
        assert.equal(sender.pusher.connection.state, 'connected')
    },

    async 'one that is too large is refused, and the connection stays'(context) {
        const { sender, receiver, from } = await pair(context, 'private-', 'hosted')
        from.trigger('client-large', 'x'.repeat(10_241))
        await sender.error(/./)
        from.trigger('client-largest', 'x'.repeat(10_000))
        await receiver.message('client-largest')
        assert.deepEqual(receiver.received('client-large'), [])
    },
}
