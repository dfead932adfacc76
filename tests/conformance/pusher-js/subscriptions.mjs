import assert from 'node:assert/strict'

import { next } from '../support/client.mjs'
import { until } from '../../support/until.mjs'

const member = { user_id: '31', user_info: { name: 'Ada' } }

const flags = ({ subscribed, subscriptionPending, subscriptionCancelled }) => ({ subscribed, subscriptionPending, subscriptionCancelled })
const SUBSCRIBED = { subscribed: true, subscriptionPending: false, subscriptionCancelled: false }
const PENDING = { subscribed: false, subscriptionPending: true, subscriptionCancelled: false }
const CANCELLED = { subscribed: false, subscriptionPending: true, subscriptionCancelled: true }

/** Everything the client sent before has been handled by the server when this is over. */
async function settle(client, name) {
    await client.subscribe(name('fence-'))
}

/** What subscribing and unsubscribing in quick succession ends with, for one kind of channel. */
function stateTests(prefix) {
    const start = async ({ connect, name }) => {
        const client = await connect('main', { member })
        return { client, pusher: client.pusher, channel: name(prefix) }
    }
    return {
        async [`${prefix} subscribe twice: subscribed once`](context) {
            const { client, pusher, channel } = await start(context)
            pusher.subscribe(channel)
            assert.deepEqual(flags(pusher.channel(channel)), PENDING)
            pusher.subscribe(channel)
            assert.deepEqual(flags(pusher.channel(channel)), PENDING)
            await client.subscribed(pusher.channel(channel))
            assert.deepEqual(flags(pusher.channel(channel)), SUBSCRIBED)
            await settle(client, context.name)
            assert.equal(client.received('pusher_internal:subscription_succeeded', channel).length, 1)
            assert.deepEqual(client.received('pusher:error'), [])
        },

        async [`${prefix} subscribe, wait, subscribe: subscribed`](context) {
            const { client, pusher, channel } = await start(context)
            await client.subscribe(channel)
            pusher.subscribe(channel)
            assert.deepEqual(flags(pusher.channel(channel)), SUBSCRIBED)
            await settle(client, context.name)
            assert.deepEqual(client.received('pusher:error'), [])
        },

        async [`${prefix} subscribe, unsubscribe: nothing is left`](context) {
            const { client, pusher, channel } = await start(context)
            pusher.subscribe(channel)
            pusher.unsubscribe(channel)
            assert.deepEqual(flags(pusher.channel(channel)), CANCELLED)
            await until('the channel to go', () => pusher.channel(channel) === undefined)
            await isUnsubscribed(context, client, channel)
        },

        async [`${prefix} subscribe, wait, unsubscribe: nothing is left`](context) {
            const { client, pusher, channel } = await start(context)
            await client.subscribe(channel)
            pusher.unsubscribe(channel)
            assert.equal(pusher.channel(channel), undefined)
            await isUnsubscribed(context, client, channel)
        },

        async [`${prefix} subscribe, unsubscribe, subscribe: subscribed`](context) {
            const { client, pusher, channel } = await start(context)
            pusher.subscribe(channel)
            pusher.unsubscribe(channel)
            pusher.subscribe(channel)
            assert.deepEqual(flags(pusher.channel(channel)), PENDING)
            await client.subscribed(pusher.channel(channel))
            await context.api().trigger(channel, 'here', {})
            await client.message('here')
        },

        async [`${prefix} subscribe, unsubscribe, wait, subscribe: subscribed`](context) {
            const { client, pusher, channel } = await start(context)
            pusher.subscribe(channel)
            pusher.unsubscribe(channel)
            await until('the channel to go', () => pusher.channel(channel) === undefined)
            await client.subscribe(channel)
            await context.api().trigger(channel, 'here', {})
            await client.message('here')
            assert.deepEqual(client.received('pusher:error'), [])
        },

        async [`${prefix} subscribe, unsubscribe twice: nothing is left`](context) {
            const { client, pusher, channel } = await start(context)
            pusher.subscribe(channel)
            pusher.unsubscribe(channel)
            pusher.unsubscribe(channel)
            assert.deepEqual(flags(pusher.channel(channel)), CANCELLED)
            await until('the channel to go', () => pusher.channel(channel) === undefined)
            await isUnsubscribed(context, client, channel)
        },
    }
}

async function isUnsubscribed({ api, name }, client, channel) {
    await settle(client, name)
    const fence = await client.subscribe(name('fence-'))
    await api().trigger([channel, fence.name], 'too-late', {})
    await client.message('too-late', (one) => one.channel === fence.name)
    assert.deepEqual(client.received('too-late', channel), [])
    assert.deepEqual(client.received('pusher:error'), [])
}

export default {
    async 'a public channel brings what the HTTP API sends'({ connect, api, name }) {
        const client = await connect()
        const channel = await client.subscribe(name('public-'))
        const event = next(channel, 'integration')
        await api().trigger(channel.name, 'integration', { x: 1, y: 'z' })
        assert.deepEqual((await event)[0], { x: 1, y: 'z' })
    },

    async 'data arrives as it was sent, whatever it is'({ connect, api, name }) {
        const client = await connect()
        const channel = await client.subscribe(name('values-'))
        const values = [{}, [], [{}], 0, -1.5e300, true, null, 'text', '', '{"not":json}', 'Ünï ☃ 𝒳 \u0000 \u2028 </script>', { 'A\\B': { '': [null] } }]
        for (const [index, value] of values.entries()) await api().trigger(channel.name, `value-${index}`, JSON.stringify(value))
        await client.message(`value-${values.length - 1}`)
        assert.deepEqual(values.map((_, index) => client.received(`value-${index}`)[0].data), values)
    },

    async 'data that is no JSON arrives as the string it is'({ connect, api, name }) {
        const client = await connect()
        const channel = await client.subscribe(name('strings-'))
        await api().trigger(channel.name, 'plain', 'not { json')
        assert.equal((await client.message('plain')).data, 'not { json')
    },

    async 'event names of Laravel arrive as they are'({ connect, api, name }) {
        const client = await connect()
        const channel = await client.subscribe(name('laravel-'))
        const names = ['App\\Events\\OrderShipped', 'order.shipped', '.order', 'a b "c" {}', 'ordér-✓', 'x'.repeat(200)]
        for (const event of names) await api().trigger(channel.name, event, {})
        for (const event of names) await client.message(event)
    },

    async 'events of a channel keep their order'({ connect, api, name }) {
        const clients = await Promise.all([connect(), connect(), connect()])
        const channel = name('ordered-')
        for (const client of clients) await client.subscribe(channel)
        for (let index = 0; index < 60; index++) await api().trigger(channel, 'step', { index })
        for (const client of clients) {
            await until('all steps', () => client.received('step').length === 60)
            assert.deepEqual(client.received('step').map(({ data }) => data.index), [...Array(60).keys()])
        }
    },

    async 'a hundred channels at once'({ connect, api, name }) {
        const client = await connect('main', { member })
        const prefixes = ['hundred-', 'private-hundred-', 'presence-hundred-', 'other-hundred-']
        const names = Array.from({ length: 100 }, (_, index) => name(prefixes[index % 4]))
        const channels = names.map((one) => client.pusher.subscribe(one))
        for (const channel of channels) await client.subscribed(channel)
        await api().trigger(names, 'to-all', {})
        await until('a hundred events', () => client.received('to-all').length === 100)
        assert.deepEqual(client.received('to-all').map(({ channel }) => channel).sort(), [...names].sort())
    },

    async 'the sender named by socket_id is left out'({ connect, api, name }) {
        const [sender, other] = [await connect(), await connect()]
        const channel = name('excluded-')
        for (const client of [sender, other]) await client.subscribe(channel)
        await api().trigger(channel, 'not-to-sender', {}, { socket_id: sender.socketId })
        await api().trigger(channel, 'to-both', {}, { socket_id: '1234.5678' })
        for (const client of [sender, other]) await client.message('to-both')
        assert.equal(sender.received('not-to-sender').length, 0)
        assert.equal(other.received('not-to-sender').length, 1)
    },

    async 'nothing comes after unsubscribing, which may be said twice'(context) {
        const client = await context.connect()
        const channel = await client.subscribe(context.name('left-'))
        for (let times = 0; times < 3; times++) client.pusher.unsubscribe(channel.name)
        await isUnsubscribed(context, client, channel.name)
    },

    ...stateTests('open-'),
    ...stateTests('private-'),
    ...stateTests('presence-'),

    async 'channels subscribed before there was a connection are subscribed by it'({ open, api, name }) {
        const client = open('main', { member })
        const channels = ['early-', 'private-early-', 'presence-early-'].map((prefix) => client.pusher.subscribe(name(prefix)))
        for (const channel of channels) await client.subscribed(channel)
        await api().trigger(channels.map((channel) => channel.name), 'early', {})
        await until('three events', () => client.received('early').length === 3)
    },

    async 'a private channel is authorized by an HTTP endpoint'({ connect, backend, name }) {
        const client = await connect()
        const channel = await client.subscribe(name('private-http-'))
        const { fields } = backend.authorizations.at(-1)
        assert.deepEqual(fields, { socket_id: client.socketId, channel_name: channel.name })
    },

    async 'a private channel is authorized by a function of the page'({ connect, api, name }) {
        const customHandler = ({ socketId, channelName }, callback) => callback(null, api().authorizeChannel(socketId, channelName))
        const client = await connect('main', { channelAuthorization: { customHandler } })
        const channel = await client.subscribe(name('private-custom-'))
        await api().trigger(channel.name, 'secret', { a: 1 })
        assert.deepEqual((await client.message('secret')).data, { a: 1 })
    },

    async 'a private channel may be authorized with channel data'({ connect, api, name }) {
        const client = await connect('main', { member })
        const channel = await client.subscribe(name('private-data-'))
        await api().trigger(channel.name, 'secret', {})
        await client.message('secret')
    },

    async 'a refusal by the endpoint is an error of the channel, and nothing else'({ connect, name }) {
        const client = await connect('main', { refuse: true })
        const channel = client.pusher.subscribe(name('private-refused-'))
        const [error] = await next(channel, 'pusher:subscription_error')
        assert.deepEqual([error.type, error.status], ['AuthError', 403])
        await client.subscribe(name('public-after-'))
        assert.deepEqual(client.states, ['connected'])
    },

    async 'a wrong signature is an error, and the connection stays'({ connect, api, name }) {
        const customHandler = ({ socketId, channelName }, callback) => callback(null, api().authorizeChannel(socketId, `${channelName}x`, member))
        const client = await connect('main', { channelAuthorization: { customHandler } })
        for (const prefix of ['private-forged-', 'presence-forged-']) {
            const channel = client.pusher.subscribe(name(prefix))
            const { code } = await client.error(new RegExp(
                `^Invalid signature: Expected HMAC SHA256 hex digest of ${client.socketId}:${channel.name}:{"user_id":"31".*}, but got [0-9a-f]{64}$`,
            ))
            assert.equal(code, null)
            assert.equal(channel.subscribed, false)
        }
        await client.subscribe(name('public-after-'))
        assert.deepEqual(client.states, ['connected'])
    },

    async 'a signature under the key of another app is refused'({ connect, api, name }) {
        const customHandler = ({ socketId, channelName }, callback) => callback(null, api('silent').authorizeChannel(socketId, channelName))
        const client = await connect('main', { channelAuthorization: { customHandler } })
        const channel = client.pusher.subscribe(name('private-foreign-'))
        await client.error(/./)
        await client.subscribe(name('public-after-'))
        assert.equal(channel.subscribed, false)
    },

    async 'apps do not hear each other'({ connect, api, name }) {
        const [here, there] = [await connect('main'), await connect('silent')]
        const channel = name('apart-')
        for (const client of [here, there]) await client.subscribe(channel)
        await api('main').trigger(channel, 'for-main', {})
        await api('silent').trigger(channel, 'for-silent', {})
        await here.message('for-main')
        await there.message('for-silent')
        await api('main').trigger(channel, 'fence', {})
        await api('silent').trigger(channel, 'fence', {})
        for (const client of [here, there]) await client.message('fence')
        assert.deepEqual([here.received('for-silent'), there.received('for-main')], [[], []])
    },
}
