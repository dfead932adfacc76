// One test for every row of the table of known deviations: what each point is in the hosted service, frame by frame.

import assert from 'node:assert/strict'

import { channelAuth, signedTarget, request, userAuth } from './support/raw.mjs'
import { until } from '../support/until.mjs'

const now = () => Math.floor(Date.now() / 1000)
const event = (channel, name = 'event') => ({ name, channels: [channel], data: '{}' })
const nullError = (message) => ({ event: 'pusher:error', data: { code: null, message } })

/** Subscribes a raw client with whatever authorization the channel needs. */
async function subscribe(raw, app, channel, channelData) {
    const auth = /^(private|presence)-/.test(channel) ? { auth: channelAuth(app, raw.socketId, channel, channelData) } : {}
    raw.subscribe(channel, channelData === undefined ? auth : { ...auth, channel_data: channelData })
    await raw.event('pusher_internal:subscription_succeeded')
}

async function signIn(raw, app, userData) {
    raw.send({ event: 'pusher:signin', data: { auth: userAuth(app, raw.socketId, userData), user_data: userData } })
    await raw.event('pusher:signin_success')
}

export default {
    async 'success body of POSTs is {}'({ signed, name }) {
        const { status, headers, body } = await signed('main', 'POST', '/events', { body: event(name('ch-')) })
        assert.deepEqual([status, headers['content-type'], body], [200, 'application/json', '{}'])
    },

    async 'success body of POSTs is {}, of batches and terminations too'({ signed, name }) {
        const batch = { batch: [{ name: 'event', channel: name('ch-'), data: '{}' }] }
        for (const [path, body] of [['/batch_events', batch], ['/users/nobody/terminate_connections', {}]]) {
            const answer = await signed('main', 'POST', path, { body })
            assert.deepEqual([answer.status, answer.body], [200, '{}'], path)
        }
    },

    async 'errors over HTTP have a real status and a text'({ apps, signed, server, name }) {
        const refusals = [
            [400, () => signed('main', 'POST', '/events', { body: 'not json' })],
            [400, () => signed('main', 'POST', '/events', { body: { name: 'x', data: '{}' } })],
            [401, () => signed('main', 'POST', '/events', { body: event(name('ch-')), secret: 'wrong' })],
            [401, () => request(server, 'POST', `/apps/${apps.main.id}/events`, { body: JSON.stringify(event(name('ch-'))) })],
            [404, () => signed('main', 'GET', '/nothing-of-the-kind')],
            [404, () => request(server, 'POST', signedTarget(apps.main, 'POST', '/apps/999/events', { body: '{}' }), { body: '{}' })],
            [413, () => signed('main', 'POST', '/events', { body: { ...event(name('ch-')), data: 'x'.repeat(1_048_577) } })],
        ]
        for (const [expected, send] of refusals) {
            const { status, headers, body } = await send()
            assert.equal(status, expected, body)
            assert.match(headers['content-type'], /^text\/plain/)
            assert.match(body, /\S+ \S+.*\n$/, 'a sentence and a line break')
        }
    },

    async 'timestamp window is 600 s'({ signed, name }) {
        const send = (timestamp) => signed('main', 'POST', '/events', { body: event(name('ch-')), query: { auth_timestamp: timestamp } })
        for (const offset of [-590, 590]) assert.equal((await send(now() + offset)).status, 200, offset)
        for (const offset of [-601, 610]) {
            const { status, body } = await send(now() + offset)
            assert.equal(status, 401, offset)
            assert.match(body, /Timestamp expired: Given timestamp \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\) not within 600s of server time \(\d{4}-/)
        }
        assert.match((await send(undefined)).body, /Timestamp required/)
        for (const wrong of ['', 'soon', '1e9']) assert.equal((await send(wrong)).status, 401, wrong)
    },

    async 'body_md5 may come with a GET, and must be right'({ signed }) {
        for (const [hash, expected] of [['d41d8cd98f00b204e9800998ecf8427e', 200], ['d41d8cd98f00b204e9800998ecf8427f', 401], ['', 401]]) {
            assert.equal((await signed('main', 'GET', '/channels', { query: { body_md5: hash } })).status, expected, hash)
        }
        const body = JSON.stringify(event('channel'))
        assert.equal((await signed('main', 'POST', '/events', { body, query: { body_md5: undefined } })).status, 401, 'a body needs its hash')
    },

    async 'pusher:error data is an object'({ raw }) {
        const client = await raw()
        client.send({ event: 'nonsense', data: {} })
        const { event: name, data } = await client.frame()
        assert.equal(name, 'pusher:error')
        assert.deepEqual(Object.keys(data), ['code', 'message'])
        assert.deepEqual([data.code, typeof data.message], [null, 'string'])
    },

    async 'pusher:pong data is there'({ raw }) {
        const client = await raw()
        for (const data of [{}, '{}', '', null]) {
            client.send({ event: 'pusher:ping', data })
            assert.deepEqual(await client.frame(), { event: 'pusher:pong', data: '{}' })
        }
        client.send('{"event":"pusher:ping"}')
        assert.deepEqual(await client.frame(), { event: 'pusher:pong', data: '{}' })
        client.ping()
        await until('the answer to the ping of WebSocket', () => client.pongs === 1)
    },

    async 'subscription_succeeded data is "{}"'({ apps, raw, name }) {
        const client = await raw()
        for (const prefix of ['open-', 'private-']) {
            const channel = name(prefix)
            client.subscribe(channel, { auth: prefix === 'open-' ? '' : channelAuth(apps.main, client.socketId, channel) })
            assert.deepEqual(await client.frame(), { event: 'pusher_internal:subscription_succeeded', channel, data: '{}' })
        }
        const channel = name('presence-')
        const data = '{"user_id":7,"user_info":{"b":{},"a":12345678901234567890}}'
        client.subscribe(channel, { auth: channelAuth(apps.main, client.socketId, channel, data), channel_data: data })
        const frame = await client.frame()
        assert.deepEqual([frame.event, frame.channel], ['pusher_internal:subscription_succeeded', channel])
        assert.equal(frame.data, '{"presence":{"ids":["7"],"hash":{"7":{"b":{},"a":12345678901234567890}},"count":1}}')
    },

    async 'cache_miss data is "{}"'({ raw, name }) {
        const client = await raw()
        const channel = name('cache-')
        client.subscribe(channel)
        assert.equal((await client.frame()).event, 'pusher_internal:subscription_succeeded')
        assert.deepEqual(await client.frame(), { event: 'pusher:cache_miss', channel, data: '{}' })
    },

    async 'bad subscription auth is pusher:error with code null, and the connection stays'({ apps, raw, name }) {
        const client = await raw()
        const channel = name('private-')
        const { key } = apps.main
        const signature = '0'.repeat(64)
        const cases = {
            [`${key}:${signature}`]: `Invalid signature: Expected HMAC SHA256 hex digest of ${client.socketId}:${channel}, but got ${signature}`,
            [signature]: `Auth value for subscription to ${channel} is invalid: should be of format 'key:signature'`,
            '': `Auth value for subscription to ${channel} is invalid: should be of format 'key:signature'`,
        }
        for (const [auth, message] of Object.entries(cases)) {
            client.subscribe(channel, { auth })
            assert.deepEqual(await client.event('pusher:error'), nullError(message))
        }
        client.subscribe(channel)
        assert.equal((await client.event('pusher:error')).data.code, null)
        await subscribe(client, apps.main, channel)
    },

    async 'private channel + channel_data: the data is part of what is signed'({ apps, raw, name }) {
        const client = await raw()
        const [channel, data] = [name('private-'), '{"user_id":"31",  "user_info":{}}']
        client.subscribe(channel, { auth: channelAuth(apps.main, client.socketId, channel), channel_data: data })
        assert.match((await client.event('pusher:error')).data.message, /^Invalid signature: /)
        await subscribe(client, apps.main, channel, data)
    },

    async 'client event rules: a subscriber of a private or presence channel, raw data, user_id'({ apps, raw, name }) {
        const [sender, receiver] = [await raw(), await raw()]
        const channel = name('presence-')
        await subscribe(sender, apps.main, channel, '{"user_id":7}')
        await subscribe(receiver, apps.main, channel, '{"user_id":"8"}')
        // Spaces, key order, large numbers, escapes: the value comes as it was sent, keys of no meaning do not.
        const value = '{"b": {}, "a":12345678901234567890,"s":"\\u00e9\\/é"}'
        sender.send(`{"socket_id":"1.1","data":${value},"event":"client-raw","user_id":"9","channel":"${channel}"}`)
        assert.equal((await receiver.text()).replace(value, 'VALUE'), `{"event":"client-raw","channel":"${channel}","data":VALUE,"user_id":"7"}`)
        sender.send({ event: 'client-text', channel, data: '{"a":1}' })
        assert.deepEqual(await receiver.frame(), { event: 'client-text', channel, data: '{"a":1}', user_id: '7' })

        const open = name('open-')
        await subscribe(sender, apps.main, open)
        await subscribe(receiver, apps.main, open)
        sender.send({ event: 'client-x', channel: open, data: {} })
        assert.equal((await sender.event('pusher:error')).data.code, null)
        const unknown = name('private-')
        sender.send({ event: 'client-x', channel: unknown, data: {} })
        assert.deepEqual(await sender.frame(), nullError(`Cannot broadcast client event (connection not subscribed to channel ${unknown})`))
        for (const incomplete of [{}, { channel }, { data: {} }]) {
            sender.send({ event: 'client-x', ...incomplete })
            assert.deepEqual(await sender.frame(), nullError('Invalid client event (must contain channel and data)'))
        }
        assert.deepEqual(await receiver.untilPong(), [])
    },

    async 'unknown event or bad JSON: an error, and the connection stays'({ apps, raw, name }) {
        const client = await raw()
        const frames = ['{"event":"my-event","data":{}}', '{"event":"pusher:unheard-of","data":{}}', '{"data":{}}', '{', '', '[]', '"text"', 'null',
            '{"event":7}', '{"event":"pusher:subscribe"}', '{"event":"pusher:subscribe","data":{}}', '{"event":"pusher:subscribe","data":"{"}',
            '{"event":"pusher:subscribe","data":{"channel":7}}', '{"event":"pusher:unsubscribe"}', '{"event":"pusher:signin"}',
            '['.repeat(10_000), '{"event":"\\ud800"}']
        for (const frame of frames) {
            client.send(frame)
            const { event: answer, data } = await client.frame()
            assert.deepEqual([answer, data.code], ['pusher:error', null], frame.slice(0, 60))
        }
        client.send('{"event":"my-event","data":{}}')
        assert.match((await client.frame()).data.message, /^Unsupported event received on socket: ?/)
        await subscribe(client, apps.main, name('still-'))
    },

    async 'unknown app key: error 4001, then close 4001'({ dial }) {
        const client = dial('main', { path: '/app/no-such-key?protocol=7' })
        const { event: name, data } = await client.frame()
        assert.deepEqual([name, data.code], ['pusher:error', 4001])
        assert.deepEqual(await client.closed(), { code: 4001, reason: data.message })
    },

    async 'sign-in and user channel'({ api, apps, raw, name }) {
        const [id, client, other] = [name('user'), await raw(), await raw()]
        const userData = `{"id":"${id}",  "user_info":{"big":12345678901234567890}}`
        client.send({ event: 'pusher:signin', data: { auth: userAuth(apps.main, client.socketId, userData), user_data: userData } })
        assert.deepEqual(await client.frame(), { event: 'pusher:signin_success', data: { user_data: userData } })
        const channel = `#server-to-user-${id}`
        client.subscribe(channel, { auth: '' })
        assert.deepEqual(await client.frame(), { event: 'pusher_internal:subscription_succeeded', channel, data: '{}' })
        other.subscribe(channel, { auth: '' })
        assert.equal((await other.event('pusher:error')).data.code, null)
        await api().sendToUser(id, 'greeting', { a: {} })
        assert.deepEqual(await client.frame(), { event: 'greeting', channel, data: '{"a":{}}' })
        assert.deepEqual((await other.untilPong()).filter((frame) => frame.event === 'greeting'), [])
    },

    async 'watchlist frames are pusher_internal:watchlist_events'({ apps, raw, name }) {
        const app = apps.watching
        const [watched, absent, ada] = [name('user'), name('user'), name('user')]
        const friend = await raw('watching')
        await signIn(friend, app, JSON.stringify({ id: watched }))
        const client = await raw('watching')
        await signIn(client, app, JSON.stringify({ id: ada, watchlist: [watched, absent] }))
        assert.deepEqual(await client.frame(), {
            event: 'pusher_internal:watchlist_events',
            data: { events: [{ name: 'online', user_ids: [watched] }, { name: 'offline', user_ids: [absent] }] },
        })
        friend.close()
        assert.deepEqual(await client.frame(), {
            event: 'pusher_internal:watchlist_events', data: { events: [{ name: 'offline', user_ids: [watched] }] },
        })
    },

    async 'subscription_count frame'({ raw, name }) {
        const [client, channel] = [await raw('counting'), name('open-')]
        client.subscribe(channel)
        assert.deepEqual(await client.frame(), { event: 'pusher_internal:subscription_succeeded', channel, data: '{}' })
        assert.deepEqual(await client.frame(), { event: 'pusher_internal:subscription_count', channel, data: '{"subscription_count":1}' })
    },

    async 'webhooks: seven types, repeated until they are received'({ apps, backend, raw, name }) {
        const [room, open] = [name('presence-cache-'), name('open-')]
        backend.refusesNext('/webhooks/telling', 503)
        const client = await raw('telling')
        await subscribe(client, apps.telling, room, '{"user_id":7}')
        client.send({ event: 'client-x', channel: room, data: {} })
        await subscribe(client, apps.telling, open)
        client.close()
        for (const channel of [room, open]) await backend.delivered('/webhooks/telling', channel, 'channel_vacated')
        await backend.delivered('/webhooks/telling', room, 'member_removed')
        const names = (channel) => backend.told('/webhooks/telling', channel).map(({ event: { name: one } }) => one)
        assert.deepEqual(names(room).sort(), ['cache_miss', 'channel_occupied', 'channel_vacated', 'client_event', 'member_added', 'member_removed'])
        assert.deepEqual([...new Set(names(open))], ['channel_occupied', 'subscription_count', 'channel_vacated'])
    },

    async 'presence count limit counts a returning user once'({ apps, raw, name }) {
        const app = apps.few
        const channel = name('presence-')
        const join = async (id) => {
            const client = await raw('few')
            const data = JSON.stringify({ user_id: id })
            client.subscribe(channel, { auth: channelAuth(app, client.socketId, channel, data), channel_data: data })
            return { client, first: await client.frame() }
        }
        const joined = []
        for (const id of ['1', '2', '2', '1']) joined.push(await join(id))
        assert.ok(joined.every(({ first }) => first.event === 'pusher_internal:subscription_succeeded'))
        const { client, first } = await join('3')
        assert.equal(first.event, 'pusher:error')
        assert.equal((await client.untilPong()).filter((frame) => frame.event === 'pusher_internal:subscription_succeeded').length, 0)
        joined[1].client.close()
        joined[2].client.close()
        await joined[0].client.event('pusher_internal:member_removed')
        assert.equal((await join('3')).first.event, 'pusher_internal:subscription_succeeded')
    },

    async 'channel name: 164 characters of a charset'({ raw, name }) {
        const client = await raw()
        const longest = name('long-').padEnd(164, 'x')
        for (const channel of [longest, name('aZ09_=@,.;-')]) {
            client.subscribe(channel)
            assert.deepEqual(await client.frame(), { event: 'pusher_internal:subscription_succeeded', channel, data: '{}' })
        }
        for (const channel of [`${longest}x`, '', 'a b', 'a/b', 'a:b', 'ümlaut', '#other', 'a#b', 'tab\t', '☃', '%41']) {
            client.subscribe(channel)
            const { event: answer, data } = await client.event('pusher:error')
            assert.deepEqual([answer, data.code], ['pusher:error', null], channel)
        }
        const later = name('still-')
        client.subscribe(later)
        await client.event('pusher_internal:subscription_succeeded')
    },

    async 'connection limit: error 4004, then close 4004'({ raw, dial }) {
        const first = await raw('single')
        const second = dial('single')
        const { event: name, data } = await second.frame()
        assert.deepEqual([name, data.code], ['pusher:error', 4004])
        assert.deepEqual(await second.closed(), { code: 4004, reason: data.message })
        assert.ok(first.isOpen)
    },

    async 'already subscribed, and not subscribed, are errors'({ raw, name }) {
        const [client, channel] = [await raw(), name('open-')]
        client.subscribe(channel)
        await client.frame()
        client.subscribe(channel)
        assert.deepEqual(await client.frame(), nullError(`Existing subscription to channel ${channel}`))
        const unsubscribe = { event: 'pusher:unsubscribe', data: { channel } }
        client.send(unsubscribe)
        client.send(unsubscribe)
        assert.deepEqual(await client.frame(), nullError(`No current subscription to channel ${channel}, or subscription in progress`))
    },

    async 'data of a client message may be a JSON string'({ raw, name }) {
        const [client, channel] = [await raw(), name('open-')]
        client.send({ event: 'pusher:subscribe', data: JSON.stringify({ channel }) })
        assert.equal((await client.frame()).event, 'pusher_internal:subscription_succeeded')
        client.send({ event: 'pusher:unsubscribe', data: JSON.stringify({ channel }) })
        assert.deepEqual(await client.untilPong(), [])
        client.subscribe(channel)
        assert.equal((await client.frame()).event, 'pusher_internal:subscription_succeeded')
    },

    async 'an event of the HTTP API arrives byte for byte'({ raw, signed, name }) {
        const [client, channel] = [await raw(), name('open-')]
        client.subscribe(channel)
        await client.frame()
        const data = '{ "b": {}, "a":12345678901234567890, "s":"\\u00e9\\/é\\u2028" }'
        await signed('main', 'POST', '/events', { body: { name: 'raw', channels: [channel], data } })
        assert.deepEqual(await client.frame(), { event: 'raw', channel, data })
    },
}
