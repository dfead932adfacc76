import assert from 'node:assert/strict'

import { next } from '../support/client.mjs'
import { channelAuth } from '../support/raw.mjs'
import { until } from '../../support/until.mjs'

const person = (id) => ({ user_id: id, user_info: { name: `Person ${id}`, tags: [], extra: {} } })
const member = (id) => ({ id, info: person(id).user_info })
const ids = (channel) => Object.keys(channel.members.members).sort()

export default {
    async 'a member finds itself'({ connect, name }) {
        const client = await connect('main', { member: person('31') })
        const channel = await client.subscribe(name('presence-me-'))
        assert.deepEqual(channel.members.me, member('31'))
        assert.equal(channel.members.myID, '31')
        assert.equal(channel.members.count, 1)
    },

    async 'subscription_succeeded brings the members'({ connect, name }) {
        const channelName = name('presence-list-')
        const first = await connect('main', { member: person('a') })
        await first.subscribe(channelName)
        const second = await connect('main', { member: person('b') })
        const [members] = await next(second.pusher.subscribe(channelName), 'pusher:subscription_succeeded')
        const seen = []
        members.each((one) => seen.push(one))
        assert.deepEqual(seen.sort((a, b) => (a.id < b.id ? -1 : 1)), [member('a'), member('b')])
        assert.deepEqual([members.count, members.get('a'), members.get('c')], [2, member('a'), null])
    },

    async 'others see a member come, and leave by unsubscribing'({ connect, name }) {
        const [first, second] = [await connect('main', { member: person('1') }), await connect('main', { member: person('2') })]
        const channel = await first.subscribe(name('presence-come-'))
        const added = next(channel, 'pusher:member_added')
        await second.subscribe(channel.name)
        assert.deepEqual((await added)[0], member('2'))
        assert.equal(channel.members.count, 2)
        assert.deepEqual(second.received('pusher_internal:member_added'), [], 'nobody is told of itself')

        const removed = next(channel, 'pusher:member_removed')
        second.pusher.unsubscribe(channel.name)
        assert.deepEqual((await removed)[0], member('2'))
        assert.deepEqual([channel.members.count, ids(channel)], [1, ['1']])
    },

    async 'others see a member leave by disconnecting'({ connect, name }) {
        const [first, second] = [await connect('main', { member: person('1') }), await connect('main', { member: person('2') })]
        const channel = await first.subscribe(name('presence-gone-'))
        await second.subscribe(channel.name)
        await first.message('pusher_internal:member_added')
        const removed = next(channel, 'pusher:member_removed')
        second.close()
        assert.deepEqual((await removed)[0], member('2'))
    },

    async 'a user with several connections is one member'({ connect, name, api }) {
        const watcher = await connect('main', { member: person('w') })
        const channel = await watcher.subscribe(name('presence-tabs-'))
        const tabs = []
        for (let tab = 0; tab < 3; tab++) {
            tabs.push(await connect('main', { member: person('t') }))
            const own = await tabs.at(-1).subscribe(channel.name)
            assert.deepEqual([own.members.count, ids(own)], [2, ['t', 'w']])
        }
        tabs[0].close()
        tabs[1].pusher.unsubscribe(channel.name)
        await tabs[1].subscribe(name('fence-'))
        await api().trigger(channel.name, 'fence', {})
        await watcher.message('fence')
        assert.equal(watcher.received('pusher_internal:member_added').length, 1)
        assert.equal(watcher.received('pusher_internal:member_removed').length, 0)
        assert.equal(channel.members.count, 2)

        const removed = next(channel, 'pusher:member_removed')
        tabs[2].close()
        await removed
        assert.equal(watcher.received('pusher_internal:member_removed').length, 1)
        assert.equal(channel.members.count, 1)
    },

    async 'a user is a member of each channel apart'({ connect, name }) {
        const client = await connect('main', { member: person('31') })
        const channels = [await client.subscribe(name('presence-one-')), await client.subscribe(name('presence-two-'))]
        const other = await connect('main', { member: person('32') })
        await other.subscribe(channels[0].name)
        await client.message('pusher_internal:member_added')
        assert.deepEqual(channels.map(({ members }) => members.count), [2, 1])
    },

    async 'ids may be numbers, and are strings for everybody else'({ connect, name }) {
        const [first, second] = [await connect('main', { member: person(7) }), await connect('main', { member: { user_id: 9007199254740993n.toString() } })]
        const channel = await first.subscribe(name('presence-numbers-'))
        assert.deepEqual(ids(channel), ['7'])
        await second.subscribe(channel.name)
        const { data } = await first.message('pusher_internal:member_added')
        assert.equal(data.user_id, '9007199254740993')
        const again = await connect('main', { member: person('7') })
        const own = await again.subscribe(channel.name)
        assert.equal(own.members.count, 2, '7 and "7" are one')
    },

    async 'a member without user_info is listed all the same'({ connect, name }) {
        const [first, second] = [await connect('main', { member: { user_id: 'bare' } }), await connect('main', { member: person('2') })]
        const channel = await first.subscribe(name('presence-bare-'))
        assert.deepEqual([ids(channel), channel.members.count], [['bare'], 1])
        const other = await second.subscribe(channel.name)
        assert.deepEqual(ids(other), ['2', 'bare'])
        assert.deepEqual(Object.keys(other.members.members).length, other.members.count)
    },

    async 'user_info arrives as it was authorized'({ connect, name }) {
        const info = { empty: {}, list: [], nothing: null, 'ключ': 'значение', nested: { a: [{ b: {} }] }, number: 1e21 }
        const [first, second] = [await connect('main', { member: person('1') }), await connect('main', { member: { user_id: '2', user_info: info } })]
        const channel = await first.subscribe(name('presence-info-'))
        const added = next(channel, 'pusher:member_added')
        const own = await second.subscribe(channel.name)
        assert.deepEqual((await added)[0].info, info)
        assert.deepEqual(own.members.me.info, info)
    },

    async 'whoever joins at once with others learns of all of them'({ connect, name }) {
        const people = Array.from({ length: 40 }, (_, index) => `p${index}`)
        const clients = await Promise.all(people.map((id) => connect('main', { member: person(id) })))
        const channelName = name('presence-crowd-')
        const channels = clients.map((client) => client.pusher.subscribe(channelName))
        for (const [index, channel] of channels.entries()) {
            await until(`${people[index]} to see everybody`, () => channel.members.count === people.length)
            assert.deepEqual(ids(channel), [...people].sort())
        }
        for (const client of clients.slice(20)) client.close()
        for (const channel of channels.slice(0, 20)) {
            await until('half of them to leave', () => channel.members.count === 20)
            assert.deepEqual(ids(channel), people.slice(0, 20).sort())
        }
    },

    async 'two hundred that join at once know each other, without a frame too many'({ apps, raw, name }) {
        const channel = name('presence-rush-')
        const everybody = Array.from({ length: 200 }, (_, index) => `p${index}`).sort()
        const clients = await Promise.all(everybody.map(() => raw()))
        for (const [index, client] of clients.entries()) {
            const data = JSON.stringify({ user_id: everybody[index] })
            client.subscribe(channel, { auth: channelAuth(apps.main, client.socketId, channel, data), channel_data: data })
        }
        for (const client of clients) {
            const first = await client.frame()
            assert.equal(first.event, 'pusher_internal:subscription_succeeded')
            const { presence } = JSON.parse(first.data)
            assert.deepEqual([presence.count, Object.keys(presence.hash).sort()], [presence.ids.length, [...presence.ids].sort()])
            const known = presence.ids
            while (known.length < everybody.length) {
                const { event, data } = await client.frame()
                assert.equal(event, 'pusher_internal:member_added')
                known.push(JSON.parse(data).user_id)
            }
            // Each exactly once: in the list, or announced after it.
            assert.deepEqual(known.sort(), everybody)
        }
        for (const client of clients) assert.deepEqual(await client.untilPong(), [])
    },

    async 'a member may be as large as the app allows'({ connect, api, name }) {
        const join = async (data) => {
            const customHandler = ({ socketId, channelName }, callback) => callback(null, api('hosted').authorizeChannel(socketId, channelName, data))
            const client = await connect('hosted', { channelAuthorization: { customHandler } })
            const channel = client.pusher.subscribe(name('presence-size-'))
            return until('an answer', () => (channel.subscribed ? 'subscribed' : client.received('pusher:error')[0]?.data))
        }
        const infoOf = (bytes) => ({ text: 'x'.repeat(bytes - '{"text":""}'.length) })
        assert.equal(await join({ user_id: '1', user_info: infoOf(1024) }), 'subscribed')
        assert.equal((await join({ user_id: '1', user_info: infoOf(1025) })).code, null)
        assert.equal(await join({ user_id: 'x'.repeat(128) }), 'subscribed')
        assert.equal((await join({ user_id: 'x'.repeat(129) })).code, null)
    },

    async 'user_info that is no object is refused'({ connect, api, name }) {
        const customHandler = ({ socketId, channelName }, callback) =>
            callback(null, api().authorizeChannel(socketId, channelName, { user_id: '1', user_info: 'text' }))
        const client = await connect('main', { channelAuthorization: { customHandler } })
        const channel = client.pusher.subscribe(name('presence-invalid-'))
        const { code, message } = await client.error(/./)
        assert.deepEqual([code, message], [null, 'user_info supplied to presence subscription is invalid - if supplied it must be a type of hash'])
        assert.equal(channel.subscribed, false)
    },

    async 'a user_id is necessary'({ connect, api, name }) {
        for (const data of [{}, { user_id: null }, { user_id: '' }, { user_id: {} }, { user_info: {} }]) {
            const customHandler = ({ socketId, channelName }, callback) => callback(null, api().authorizeChannel(socketId, channelName, data))
            const client = await connect('main', { channelAuthorization: { customHandler } })
            const channel = client.pusher.subscribe(name('presence-nobody-'))
            assert.equal((await client.error(/./)).code, null, JSON.stringify(data))
            assert.equal(channel.subscribed, false)
            assert.equal(client.pusher.connection.state, 'connected')
        }
    },
}
