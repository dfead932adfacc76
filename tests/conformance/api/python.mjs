// Pusher's library for Python. Every GET of it carries the hash of an empty body.

import assert from 'node:assert/strict'

import { next } from '../support/client.mjs'
import { PythonLibrary } from '../support/python.mjs'
import { until } from '../../support/until.mjs'

function python({ apps, server, defer }, app = 'main', credentials = {}) {
    const library = new PythonLibrary({ ...apps[app], ...credentials }, server)
    defer(() => library.close())
    return library
}

export default {
    async 'trigger on one channel, on many and on a hundred'(context) {
        const library = python(context)
        const client = await context.connect()
        const channels = [context.name('py-'), context.name('py-')]
        for (const channel of channels) await client.subscribe(channel)
        assert.deepEqual(await library.result('trigger', channels[0], 'one', { text: 'ünï☃', empty: {} }), {})
        assert.deepEqual(await library.result('trigger', channels, 'many', 'text'), {})
        const others = Array.from({ length: 98 }, () => context.name('py-'))
        assert.deepEqual(await library.result('trigger', [...channels, ...others], 'hundred', []), {})
        await until('five events', () => ['one', 'many', 'hundred'].flatMap((event) => client.received(event)).length === 5)
        assert.deepEqual(client.received('one')[0].data, { text: 'ünï☃', empty: {} })
    },

    async 'trigger leaves out the sender'(context) {
        const library = python(context)
        const [sender, other] = [await context.connect(), await context.connect()]
        const channel = context.name('py-')
        for (const client of [sender, other]) await client.subscribe(channel)
        await library.result('trigger', channel, 'not-to-sender', {}, sender.socketId)
        await library.result('trigger', channel, 'fence', {})
        for (const client of [sender, other]) await client.message('fence')
        assert.deepEqual([sender, other].map((client) => client.received('not-to-sender').length), [0, 1])
    },

    async 'an encrypted event is read by pusher-js'(context) {
        const client = await context.connect()
        const channel = await client.subscribe(context.name('private-encrypted-'))
        const event = next(channel, 'secret')
        await python(context).result('trigger', channel.name, 'secret', { a: 'ünï' })
        assert.deepEqual((await event)[0], { a: 'ünï' })
    },

    async 'authenticate opens private, presence and encrypted channels'(context) {
        const library = python(context)
        const data = { user_id: '31', user_info: { name: 'Ada ☃', empty: {} } }
        const customHandler = async ({ socketId, channelName }, callback) => {
            const more = channelName.startsWith('presence-') ? [data] : []
            callback(null, await library.result('authenticate', channelName, socketId, ...more))
        }
        const client = await context.connect('main', { channelAuthorization: { customHandler } })
        for (const prefix of ['private-', 'presence-', 'private-encrypted-']) {
            const channel = await client.subscribe(context.name(prefix))
            if (prefix === 'presence-') assert.deepEqual(channel.members.me, { id: '31', info: data.user_info })
        }
    },

    async 'wrong credentials are BadAuth, wrong requests BadRequest'(context) {
        const channel = context.name('py-')
        const wrong = await python(context, 'main', { secret: 'wrong' }).call('trigger', channel, 'event', {})
        assert.deepEqual([wrong.error, /^Invalid signature/.test(wrong.message)], ['PusherBadAuth', true])
        assert.equal((await python(context, 'main').call('trigger', channel, 'pusher:error', {})).error, 'PusherBadRequest')
        const elsewhere = await python(context, 'main', { id: '999' }).call('trigger', channel, 'event', {})
        assert.equal(elsewhere.error, 'PusherBadStatus')
    },

    async 'trigger_batch, of ten and of eleven'(context) {
        const library = python(context)
        const client = await context.connect()
        const channel = (await client.subscribe(context.name('py-'))).name
        const batch = (length) => Array.from({ length }, (_, index) => ({ channel, name: 'step', data: { index } }))
        assert.deepEqual(await library.result('trigger_batch', batch(10)), {})
        await until('ten events', () => client.received('step').length === 10)
        const { error, message } = await library.call('trigger_batch', batch(11))
        assert.equal(error, 'PusherBadRequest')
        assert.match(message, /Batch too large/)
    },

    async 'channels_info, with a prefix and attributes'(context) {
        const library = python(context)
        const channel = context.name('presence-py-')
        for (const id of ['1', '1', '2']) await (await context.connect('main', { member: { user_id: id } })).subscribe(channel)
        assert.deepEqual((await library.result('channels_info')).channels[channel], {})
        assert.deepEqual(await library.result('channels_info', channel), { channels: { [channel]: {} } })
        assert.deepEqual(await library.result('channels_info', channel, ['user_count']), { channels: { [channel]: { user_count: 2 } } })
        assert.deepEqual(await library.result('channels_info', 'nothing-like-it-'), { channels: {} })
        assert.equal((await library.call('channels_info', null, ['user_count'])).error, 'PusherBadRequest')
    },

    async 'channel_info and users_info'(context) {
        const library = python(context)
        const channel = context.name('presence-py-')
        for (const id of ['1', '1', '2']) await (await context.connect('main', { member: { user_id: id } })).subscribe(channel)
        assert.deepEqual(await library.result('channel_info', channel), { occupied: true })
        assert.deepEqual(await library.result('channel_info', channel, ['user_count', 'subscription_count']), {
            occupied: true, user_count: 2, subscription_count: 3,
        })
        assert.deepEqual(await library.result('channel_info', 'nobody-here'), { occupied: false })
        assert.deepEqual((await library.result('users_info', channel)).users.map(({ id }) => id).sort(), ['1', '2'])
        assert.deepEqual(await library.result('users_info', 'presence-nobody-here'), { users: [] })
        assert.equal((await library.call('users_info', 'nobody-here')).error, 'PusherBadRequest')
    },

    async 'authenticate_user signs in, send_to_user reaches the user'(context) {
        const library = python(context)
        const id = context.name('py-user')
        const customHandler = async ({ socketId }, callback) => callback(null, await library.result('authenticate_user', socketId, { id, name: 'Ünï' }))
        const client = await context.connect('main', { userAuthentication: { customHandler } })
        client.pusher.signin()
        await until('the channel of the user', () => client.pusher.user.serverToUserChannel?.subscribed)
        const event = next(client.pusher.user, 'greeting')
        await library.result('send_to_user', id, 'greeting', { a: {} })
        assert.deepEqual((await event)[0], { a: {} })
    },

    async 'terminate_user_connections forgets to name the app, which is no path of ours'(context) {
        const { error } = await python(context).call('terminate_user_connections', 'somebody')
        assert.equal(error, 'PusherBadStatus')
    },
}
