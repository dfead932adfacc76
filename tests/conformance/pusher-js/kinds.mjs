// Cache channels, encrypted channels, subscription counts, and names that only look like another kind.

import assert from 'node:assert/strict'

import { next } from '../support/client.mjs'
import { until } from '../../support/until.mjs'

const member = { user_id: '31', user_info: { name: 'Ada' } }

/** Subscribes; resolves to the names of what came on the channel until a later event of the HTTP API. */
async function eventsOf(client, channel, { api }) {
    await client.subscribe(channel)
    await api().trigger(channel, 'fence', {})
    await client.message('fence', (one) => one.channel === channel)
    return client.messages.filter((one) => one.channel === channel).map(({ event }) => event)
}

function cacheTests(prefix) {
    return {
        async [`${prefix} says that it is empty, once, after subscription_succeeded`](context) {
            const channel = context.name(prefix)
            const client = await context.connect('main', { member })
            const missed = next(client.pusher.subscribe(channel), 'pusher:cache_miss')
            await missed
            assert.deepEqual(await eventsOf(client, channel, context), ['pusher_internal:subscription_succeeded', 'pusher:cache_miss', 'fence'])
        },

        async [`${prefix} gives the last event to who comes later, right after subscription_succeeded`](context) {
            const channel = context.name(prefix)
            const client = await context.connect('main', { member })
            await context.api().trigger(channel, 'first', { n: 1 })
            await context.api().trigger(channel, 'App\\Events\\Last', { n: 2, empty: {} })
            const event = next(client.pusher.subscribe(channel), 'App\\Events\\Last')
            assert.deepEqual((await event)[0], { n: 2, empty: {} })
            assert.deepEqual(await eventsOf(client, channel, context), ['pusher_internal:subscription_succeeded', 'App\\Events\\Last', 'fence'])
        },

        async [`${prefix} remembers while nobody is there`](context) {
            const channel = context.name(prefix)
            const first = await context.connect('main', { member })
            await first.subscribe(channel)
            await context.api().trigger(channel, 'remembered', [])
            await first.message('remembered')
            first.close()
            await until('the channel to be vacant', async () =>
                !JSON.parse((await context.signed('main', 'GET', `/channels/${channel}`)).body).occupied)
            const second = await context.connect('main', { member })
            await second.subscribe(channel)
            assert.deepEqual((await second.message('remembered')).data, [])
        },
    }
}

export default {
    ...cacheTests('cache-'),
    ...cacheTests('private-cache-'),
    ...cacheTests('presence-cache-'),

    async 'a client event is not remembered'(context) {
        const channel = context.name('private-cache-')
        const [sender, receiver] = [await context.connect('main'), await context.connect('main')]
        await sender.subscribe(channel)
        await receiver.subscribe(channel)
        sender.pusher.channel(channel).trigger('client-hello', {})
        await receiver.message('client-hello')
        const late = await context.connect('main')
        assert.deepEqual(await eventsOf(late, channel, context), ['pusher_internal:subscription_succeeded', 'pusher:cache_miss', 'fence'])
    },

    async 'an event for all but one is remembered as well'(context) {
        const client = await context.connect()
        const channel = context.name('cache-')
        await context.api().trigger(channel, 'excluded', {}, { socket_id: client.socketId })
        await client.subscribe(channel)
        await client.message('excluded')
    },

    async 'names that only hold the words are public channels and remember nothing'(context) {
        const client = await context.connect('main')
        for (const word of ['privateer-', 'presences-', 'cached-', 'my-cache-', 'my-private-', 'Private-', 'x-presence-cache-']) {
            const channel = context.name(word)
            await context.api().trigger(channel, 'before', {})
            assert.deepEqual(await eventsOf(client, channel, context), ['pusher_internal:subscription_succeeded', 'fence'], word)
        }
        assert.deepEqual(client.received('pusher:error'), [])
    },

    async 'an encrypted channel is read by those who were given its key'(context) {
        const channel = context.name('private-encrypted-')
        const client = await context.connect()
        const data = { secret: 'ünï☃', nested: { empty: {} } }
        const event = next(await client.subscribe(channel), 'App\\Secret')
        await context.api().trigger(channel, 'App\\Secret', data)
        assert.deepEqual((await event)[0], data)

        const onTheWire = client.received('App\\Secret')[0].data
        assert.deepEqual(Object.keys(onTheWire), ['nonce', 'ciphertext'])
        assert.ok(!JSON.stringify(onTheWire).includes('secret'))
    },

    async 'a client with an old key asks for the new one'(context) {
        const { api, connect, name } = context
        const channel = name('private-encrypted-')
        const stale = api('main', { encryptionMasterKeyBase64: Buffer.alloc(32, 'old').toString('base64') })
        let asked = 0
        const customHandler = ({ socketId, channelName }, callback) =>
            callback(null, (asked++ ? api() : stale).authorizeChannel(socketId, channelName))
        const client = await connect('main', { channelAuthorization: { customHandler } })
        const event = next(await client.subscribe(channel), 'rotated')
        await api().trigger(channel, 'rotated', { a: 1 })
        assert.deepEqual((await event)[0], { a: 1 })
        assert.equal(asked, 2)
    },

    async 'an encrypted cache channel gives its last event to who comes later'(context) {
        const channel = context.name('private-encrypted-cache-')
        const client = await context.connect()
        await context.api().trigger(channel, 'kept', { a: 1 })
        const event = next(client.pusher.subscribe(channel), 'kept')
        assert.deepEqual((await event)[0], { a: 1 })
        const empty = client.pusher.subscribe(context.name('private-encrypted-cache-'))
        await next(empty, 'pusher:cache_miss')
    },

    async 'subscribers are told their number whenever it changes'(context) {
        for (const prefix of ['open-', 'private-', 'cache-', 'private-encrypted-']) {
            const channelName = context.name(prefix)
            const [first, second] = [await context.connect('counting'), await context.connect('counting')]
            const channel = await first.subscribe(channelName)
            const counts = []
            channel.bind('pusher:subscription_count', (data) => counts.push(data.subscription_count))
            await until('1', () => channel.subscriptionCount === 1)
            const other = await second.subscribe(channelName)
            for (const one of [channel, other]) await until('2', () => one.subscriptionCount === 2)
            second.pusher.unsubscribe(channelName)
            await until('1 again', () => channel.subscriptionCount === 1)
            await second.subscribe(channelName)
            await until('2 again', () => channel.subscriptionCount === 2)
            second.close()
            await until('1 at the end', () => channel.subscriptionCount === 1)
            assert.deepEqual(counts.slice(-4), [2, 1, 2, 1])
        }
    },

    async 'the number counts connections, not users'(context) {
        const channelName = context.name('private-')
        const clients = await Promise.all(Array.from({ length: 5 }, () => context.connect('counting', { member })))
        const channels = []
        for (const client of clients) channels.push(await client.subscribe(channelName))
        for (const channel of channels) await until('5', () => channel.subscriptionCount === 5)
    },

    async 'presence channels, and apps that did not ask, get no number'(context) {
        for (const [app, prefix] of [['counting', 'presence-'], ['counting', 'presence-cache-'], ['main', 'open-']]) {
            const client = await context.connect(app, { member })
            const channel = await client.subscribe(context.name(prefix))
            await context.api(app).trigger(channel.name, 'fence', {})
            await client.message('fence')
            assert.deepEqual(client.received('pusher_internal:subscription_count'), [], `${app} ${prefix}`)
        }
    },

    async 'above 100 connections the number comes seldom, and in the end is right'(context) {
        const channelName = context.name('crowd-')
        const raws = await Promise.all(Array.from({ length: 130 }, () => context.raw('counting')))
        for (const raw of raws) {
            raw.subscribe(channelName)
            await raw.event('pusher_internal:subscription_succeeded')
        }
        const counts = () => raws[0].texts.map((text) => JSON.parse(text))
            .filter(({ event }) => event === 'pusher_internal:subscription_count').map(({ data }) => JSON.parse(data).subscription_count)
        await until('the last number', () => counts().at(-1) === 130, 20_000)
        assert.deepEqual(counts().slice(0, 100), Array.from({ length: 100 }, (_, index) => index + 1))
        assert.ok(counts().length < 110, `told ${counts().length} times`)
    },
}
