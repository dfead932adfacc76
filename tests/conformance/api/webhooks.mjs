// Webhooks as the server posts them, read by the libraries for Node and Python.

import assert from 'node:assert/strict'

import { PythonLibrary } from '../support/python.mjs'
import { until } from '../../support/until.mjs'

const PATH = '/webhooks/telling'

/** What was told of a channel: names, with the user or the number where there is one. */
const told = (backend, channel, path = PATH) =>
    backend.told(path, channel).map(({ event }) => [event.name, event.user_id ?? event.subscription_count].filter((part) => part !== undefined).join(' '))

const without = (list, word) => list.filter((one) => !one.startsWith(word))

export default {
    async 'is signed, and valid for the libraries for Node and Python'({ api, apps, backend, connect, defer, name, server }) {
        const before = Date.now()
        const client = await connect('telling')
        const channel = (await client.subscribe(name('told-'))).name
        const { delivery: { headers, body } } = await backend.delivered(PATH, channel, 'channel_occupied')
        assert.equal(headers['content-type'], 'application/json')
        assert.equal(headers['x-pusher-key'], apps.telling.key)

        const webhook = api('telling').webhook({ headers, rawBody: body })
        assert.equal(webhook.isValid(), true)
        assert.deepEqual(webhook.getEvents().find((event) => event.channel === channel), { name: 'channel_occupied', channel })
        assert.ok(webhook.getTime() >= before && webhook.getTime() <= Date.now(), `${webhook.getTime()}`)
        assert.equal(api('telling', { secret: 'wrong' }).webhook({ headers, rawBody: body }).isValid(), false)
        assert.equal(api('telling').webhook({ headers, rawBody: body.replace('occupied', 'occuqied') }).isValid(), false)

        const python = new PythonLibrary(apps.telling, server)
        defer(() => python.close())
        const [key, signature] = [headers['x-pusher-key'], headers['x-pusher-signature']]
        assert.deepEqual(await python.result('validate_webhook', key, signature, body), JSON.parse(body))
        assert.equal(await python.result('validate_webhook', key, signature, `${body} `), null)
    },

    async 'channel_occupied with the first, channel_vacated with the last'({ backend, connect, name }) {
        const [one, two] = [await connect('telling'), await connect('telling')]
        const channel = name('told-')
        await one.subscribe(channel)
        await two.subscribe(channel)
        one.pusher.unsubscribe(channel)
        two.close()
        await backend.delivered(PATH, channel, 'channel_vacated')
        assert.deepEqual(without(told(backend, channel), 'subscription_count'), ['channel_occupied', 'channel_vacated'])
    },

    async 'nobody hears of a channel that was left for a moment only'({ backend, connect, name }) {
        const client = await connect('telling')
        const channel = name('told-')
        for (let times = 0; times < 3; times++) {
            await client.subscribe(channel)
            client.pusher.unsubscribe(channel)
        }
        await backend.delivered(PATH, channel, 'channel_vacated')
        assert.deepEqual(without(told(backend, channel), 'subscription_count'), ['channel_occupied', 'channel_vacated'])
    },

    async 'member_added and member_removed, once for each user'({ backend, connect, name }) {
        const channel = name('presence-told-')
        const clients = []
        for (const id of [7, '7', 'eve']) {
            clients.push(await connect('telling', { member: { user_id: id } }))
            await clients.at(-1).subscribe(channel)
        }
        await until('both members', () => told(backend, channel).includes('member_added eve'))
        for (const { event } of backend.told(PATH, channel)) assert.ok(event.user_id === undefined || typeof event.user_id === 'string')
        clients[0].close()
        clients[2].close()
        await until('one to be gone', () => told(backend, channel).includes('member_removed eve'))
        clients[1].close()
        await until('nobody to be left', () => told(backend, channel).includes('channel_vacated') && told(backend, channel).includes('member_removed 7'))
        assert.deepEqual(told(backend, channel).sort(), [
            'channel_occupied', 'channel_vacated', 'member_added 7', 'member_added eve', 'member_removed 7', 'member_removed eve',
        ])
    },

    async 'nobody hears of a member that was gone for a moment only'({ backend, connect, name }) {
        const channel = name('presence-told-')
        const stays = await connect('telling', { member: { user_id: 'stays' } })
        await stays.subscribe(channel)
        for (let times = 0; times < 2; times++) {
            const client = await connect('telling', { member: { user_id: 'reloads' } })
            await client.subscribe(channel)
            client.close()
            await until('the page to be gone', () => stays.received('pusher_internal:member_removed').length === times + 1)
        }
        await until('the departure', () => told(backend, channel).includes('member_removed reloads'))
        assert.deepEqual(told(backend, channel), ['channel_occupied', 'member_added stays', 'member_added reloads', 'member_removed reloads'])
    },

    async 'client_event with data as text, the socket, and the user of a presence channel'({ backend, connect, name }) {
        const member = { user_id: 7 }
        for (const [prefix, user] of [['private-told-', {}], ['presence-told-', { user_id: '7' }]]) {
            const [sender, receiver] = [await connect('telling', { member }), await connect('telling', { member })]
            const channel = await sender.subscribe(name(prefix))
            await receiver.subscribe(channel.name)
            channel.trigger('client-drawn', { x: 4, empty: {} })
            const { event } = await backend.delivered(PATH, channel.name, 'client_event')
            assert.deepEqual(event, {
                name: 'client_event', channel: channel.name, event: 'client-drawn', data: '{"x":4,"empty":{}}', socket_id: sender.socketId, ...user,
            })
            channel.trigger('client-text', 'just text')
            const { event: text } = await until('the text', () => backend.told(PATH, channel.name).find((one) => one.event.event === 'client-text'))
            assert.equal(text.data, 'just text')
        }
    },

    async 'cache_miss once while a channel is empty'({ api, backend, connect, name }) {
        const channel = name('cache-told-')
        const clients = [await connect('telling'), await connect('telling')]
        for (const client of clients) {
            await client.subscribe(channel)
            await client.message('pusher:cache_miss')
        }
        await backend.delivered(PATH, channel, 'cache_miss')
        await api('telling').trigger(channel, 'filled', {})
        const late = await connect('telling')
        await late.subscribe(channel)
        await late.message('filled')
        for (const client of [...clients, late]) client.close()
        await backend.delivered(PATH, channel, 'channel_vacated')
        assert.deepEqual(told(backend, channel).filter((one) => one === 'cache_miss'), ['cache_miss'])
    },

    async 'subscription_count as it changes'({ backend, connect, name }) {
        const channel = name('told-')
        const clients = [await connect('telling'), await connect('telling')]
        for (const client of clients) await client.subscribe(channel)
        await until('both', () => told(backend, channel).includes('subscription_count 2'))
        clients[0].close()
        await until('one', () => told(backend, channel).at(-1) === 'subscription_count 1')
        const { event } = backend.told(PATH, channel).at(-1)
        assert.deepEqual(event, { name: 'subscription_count', channel, subscription_count: 1 })
    },

    async 'is posted again, byte for byte the same, until it is received'({ backend, connect, name }) {
        for (const status of [500, 404]) backend.refusesNext(PATH, status)
        const before = backend.deliveries.length
        const channel = (await (await connect('telling')).subscribe(name('told-'))).name
        await backend.delivered(PATH, channel, 'channel_occupied')
        const tries = backend.deliveries.slice(before).filter(({ path }) => path === PATH)
        const [first] = tries
        assert.deepEqual(tries.slice(0, 3).map(({ status }) => status), [500, 404, 200])
        for (const { body, headers } of tries.slice(0, 3)) {
            assert.deepEqual([body, headers['x-pusher-signature']], [first.body, first.headers['x-pusher-signature']])
        }
    },

    async 'goes to each address what it asked for, with its headers'({ backend, connect, name }) {
        const [chosen, other] = [name('presence-told-'), name('presence-other-')]
        const client = await connect('choosy', { member: { user_id: '7' } })
        for (const channel of [chosen, other]) await client.subscribe(channel)
        client.close()
        for (const channel of [chosen, other]) await backend.delivered('/webhooks/everything', channel, 'channel_vacated')
        const all = ['channel_occupied', 'channel_vacated', 'member_added 7', 'member_removed 7']
        for (const channel of [chosen, other]) {
            await until('all four', () => told(backend, channel, '/webhooks/everything').length === 4)
            assert.deepEqual(told(backend, channel, '/webhooks/everything').sort(), all)
        }
        assert.deepEqual([told(backend, chosen, '/webhooks/choosy'), told(backend, other, '/webhooks/choosy')], [['member_added 7'], []])
        const [{ delivery: { headers } }] = backend.told('/webhooks/choosy', chosen)
        assert.equal(headers['x-extra'], 'yes')
    },
}
