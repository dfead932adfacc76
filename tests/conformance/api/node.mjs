// Pusher's library for Node, and what lies below it: connections, chunks, sockets.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'

import { PusherServer } from '../support/packages.mjs'
import { exchange, request, signedTarget } from '../support/raw.mjs'
import { until, within } from '../../support/until.mjs'

const json = async (answer) => (await answer).json()
const member = (id) => ({ member: { user_id: id, user_info: { name: `Person ${id}` } } })

/** The status and text of a request that the server must refuse. */
async function refusal(promise) {
    const error = await promise.then(() => undefined, (reason) => reason)
    assert.ok(error instanceof PusherServer.RequestError, `expected a refusal, got ${error}`)
    return { status: error.status, body: error.body }
}

/** Three members (two users) of a presence channel, a subscriber of a private and one of a public channel. */
async function occupied(context) {
    const { connect, name } = context
    const names = { presence: name('presence-room-'), private: name('private-room-'), open: name('lobby-') }
    for (const id of ['31', '31', '32']) await (await connect('main', member(id))).subscribe(names.presence)
    const client = await connect()
    for (const channel of [names.private, names.open]) await client.subscribe(channel)
    return names
}

const triggering = {
    async 'trigger on one channel and on many'({ api, connect, name }) {
        const client = await connect()
        const channels = [name('one-'), name('two-'), name('three-')]
        for (const channel of channels) await client.subscribe(channel)
        assert.deepEqual(await json(api().trigger(channels[0], 'single', { n: 1 })), {})
        assert.deepEqual(await json(api().trigger(channels, 'several', 'text')), {})
        await until('three events', () => client.received('several').length === 3)
        assert.equal(client.received('single').length, 1)
    },

    async 'trigger on a hundred channels; more are refused'({ api, signed, name }) {
        const channels = Array.from({ length: 100 }, () => name('hundred-'))
        assert.deepEqual(await json(api().trigger(channels, 'event', {})), {})
        const { status } = await signed('main', 'POST', '/events', { body: { name: 'event', channels: [...channels, 'one-more'], data: '{}' } })
        assert.equal(status, 400)
    },

    async 'trigger with info tells who was there'(context) {
        const names = await occupied(context)
        const empty = context.name('presence-empty-')
        const answer = await json(context.api().trigger([...Object.values(names), empty], 'event', {}, { info: 'user_count,subscription_count' }))
        assert.deepEqual(answer, {
            channels: {
                [names.presence]: { user_count: 2, subscription_count: 3 },
                [names.private]: { subscription_count: 1 },
                [names.open]: { subscription_count: 1 },
                [empty]: { user_count: 0, subscription_count: 0 },
            },
        })
        const counts = await json(context.api().trigger([names.presence, names.open], 'event', {}, { info: 'user_count' }))
        assert.deepEqual(counts, { channels: { [names.presence]: { user_count: 2 }, [names.open]: {} } })
    },

    async 'data may have as many bytes as the app allows'({ api, connect, name }) {
        const client = await connect()
        const channel = name('large-')
        await client.subscribe(channel)
        await api().trigger(channel, 'large', 'x'.repeat(1_048_576))
        assert.equal((await client.message('large')).data.length, 1_048_576)
        const { status, body } = await refusal(api().trigger(channel, 'larger', 'x'.repeat(1_048_577)))
        assert.equal(status, 413)
        assert.match(body, /content of this event/)
    },

    async 'data of the hosted size: 10,240 bytes, of UTF-8'({ api, name }) {
        await api('hosted').trigger(name('ch-'), 'event', 'x'.repeat(10_240))
        for (const data of ['x'.repeat(10_241), 'é'.repeat(5121)]) {
            const { status, body } = await refusal(api('hosted').trigger(name('ch-'), 'event', data))
            assert.equal(status, 413)
            assert.match(body, /content of this event/)
        }
    },

    async 'names of events that are the protocol\'s are refused'({ api, name }) {
        for (const event of ['pusher:error', 'pusher_internal:member_added']) {
            assert.equal((await refusal(api().trigger(name('ch-'), event, {}))).status, 400, event)
        }
    },

    async 'what is no event is refused'({ signed, name }) {
        const channels = [name('ch-')]
        const bodies = [
            {}, [], 'text', 7, { channels, data: '{}' }, { name: 'x', channels }, { name: 'x', data: '{}' }, { name: 'x', channels: [], data: '{}' },
            { name: 'x', channels: 'text', data: '{}' }, { name: 'x', channels: [7], data: '{}' }, { name: 7, channels, data: '{}' },
            { name: 'x', channels, data: {} }, { name: 'x', channels: ['a b'], data: '{}' }, { name: 'x'.repeat(201), channels, data: '{}' },
            { name: 'x', channels, data: '{}', socket_id: 'abc' }, { name: '', channels, data: '{}' },
        ]
        for (const body of bodies) {
            const { status, body: text } = await signed('main', 'POST', '/events', { body: JSON.stringify(body) })
            assert.equal(status, 400, `${JSON.stringify(body).slice(0, 80)}: ${text}`)
        }
    },

    async 'an encrypted channel must be alone, or its data would be readable by nobody'({ signed, name }) {
        const send = (channels) => signed('main', 'POST', '/events', { body: { name: 'x', channels, data: '{}' } })
        assert.equal((await send([name('private-encrypted-')])).status, 200)
        assert.equal((await send([name('private-encrypted-'), name('ch-')])).status, 400)
        assert.equal((await send([name('private-encrypted-'), name('private-encrypted-')])).status, 400)
    },

    async 'a channel may be given as `channel`, as the library for PHP does'({ connect, signed, name }) {
        const client = await connect()
        const channel = name('single-')
        await client.subscribe(channel)
        assert.equal((await signed('main', 'POST', '/events', { body: { name: 'one', channel, data: '{}' } })).status, 200)
        await client.message('one')
    },

    async 'forURL makes a client too'({ apps, server, name }) {
        const { id, key, secret } = apps.main
        const library = PusherServer.forURL(`http://${key}:${secret}@${server.host}:${server.port}/apps/${id}`)
        assert.deepEqual(await json(library.trigger(name('ch-'), 'event', {})), {})
    },
}

const batches = {
    async 'a batch of ten events'({ api, connect, name }) {
        const client = await connect()
        const [mine, others] = [await client.subscribe(name('batch-')), await client.subscribe(name('batch-'))]
        const batch = Array.from({ length: 10 }, (_, index) => ({ name: 'step', channel: index % 2 ? mine.name : others.name, data: { index } }))
        assert.equal(await (await api().triggerBatch(batch)).text(), '{}')
        await until('ten events', () => client.received('step').length === 10)
        assert.deepEqual(client.received('step', mine.name).map(({ data }) => data.index), [1, 3, 5, 7, 9])
    },

    async 'a batch of eleven is refused whole'({ api, connect, name }) {
        const client = await connect()
        const channel = (await client.subscribe(name('batch-'))).name
        const { status, body } = await refusal(api().triggerBatch(Array.from({ length: 11 }, () => ({ name: 'no', channel, data: '1' }))))
        assert.equal(status, 400)
        assert.match(body, /Batch too large/)
        await api().trigger(channel, 'fence', {})
        await client.message('fence')
        assert.deepEqual(client.received('no'), [])
    },

    async 'a batch with one event that is too large, or wrong, is refused whole'({ api, connect, signed, name }) {
        const client = await connect('hosted')
        const channel = (await client.subscribe(name('batch-'))).name
        const good = { name: 'no', channel, data: '1' }
        const { status, body } = await refusal(api('hosted').triggerBatch([good, { ...good, data: 'x'.repeat(10_241) }]))
        assert.equal(status, 413)
        assert.match(body, /content of this event/)
        for (const wrong of [{ ...good, channel: 'a b' }, { ...good, name: '' }, { name: 'no', data: '1' }, { ...good, socket_id: '1' }, { ...good, data: {} }, 7]) {
            const answer = await signed('hosted', 'POST', '/batch_events', { body: { batch: [good, wrong] } })
            assert.equal(answer.status, 400, JSON.stringify(wrong))
        }
        await api('hosted').trigger(channel, 'fence', {})
        await client.message('fence')
        assert.deepEqual(client.received('no'), [])
    },

    async 'info of a batch stands index for index'(context) {
        const names = await occupied(context)
        const batch = [
            { name: 'x', channel: names.presence, data: '1', info: 'user_count,subscription_count' },
            { name: 'x', channel: names.open, data: '1' },
            { name: 'x', channel: names.private, data: '1', info: 'subscription_count' },
            { name: 'x', channel: names.open, data: '1', info: 'user_count' },
        ]
        assert.deepEqual(await json(context.api().triggerBatch(batch)), {
            batch: [{ user_count: 2, subscription_count: 3 }, {}, { subscription_count: 1 }, {}],
        })
    },

    async 'each event of a batch excludes its own socket'({ api, connect, name }) {
        const [one, two] = [await connect(), await connect()]
        const channel = name('batch-')
        for (const client of [one, two]) await client.subscribe(channel)
        await api().triggerBatch([
            { name: 'not-one', channel, data: '1', socket_id: one.socketId },
            { name: 'not-two', channel, data: '1', socket_id: two.socketId },
            { name: 'fence', channel, data: '1' },
        ])
        for (const client of [one, two]) await client.message('fence')
        const names = (client) => client.messages.map(({ event }) => event).filter((event) => event.startsWith('not'))
        assert.deepEqual([names(one), names(two)], [['not-two'], ['not-one']])
    },

    async 'an encrypted event in a batch'({ api, connect, name }) {
        const client = await connect()
        const channel = await client.subscribe(name('private-encrypted-'))
        const heard = []
        channel.bind('secret', (data) => heard.push(data))
        await api().triggerBatch([{ name: 'secret', channel: channel.name, data: { a: 1 } }])
        await until('the event', () => heard.length)
        assert.deepEqual(heard, [{ a: 1 }])
    },
}

const state = {
    async 'GET /channels lists the occupied ones'(context) {
        const names = await occupied(context)
        const { channels } = await json(context.api().get({ path: '/channels' }))
        for (const name of Object.values(names)) assert.deepEqual(channels[name], {}, name)
        assert.equal(channels['nobody-here'], undefined)

        const filtered = await json(context.api().get({ path: '/channels', params: { filter_by_prefix: names.presence } }))
        assert.deepEqual(filtered, { channels: { [names.presence]: {} } })
        const none = await (await context.api().get({ path: '/channels', params: { filter_by_prefix: context.name('nothing-') } })).text()
        assert.equal(none, '{"channels":{}}')
    },

    async 'GET /channels with user_count, for presence channels only'(context) {
        const names = await occupied(context)
        const get = (params) => context.api().get({ path: '/channels', params })
        assert.deepEqual(await json(get({ filter_by_prefix: names.presence, info: 'user_count' })), { channels: { [names.presence]: { user_count: 2 } } })
        for (const params of [{ info: 'user_count' }, { info: 'user_count', filter_by_prefix: 'nothing-' }, { info: 'nonsense' }]) {
            assert.equal((await refusal(get(params))).status, 400, JSON.stringify(params))
        }
    },

    async 'GET /channels/{name} tells whether it is occupied'(context) {
        const names = await occupied(context)
        const get = (name, info) => context.api().get({ path: `/channels/${name}`, params: info ? { info } : {} })
        assert.deepEqual(await json(get(names.open)), { occupied: true })
        assert.deepEqual(await json(get('nobody-here')), { occupied: false })
        assert.deepEqual(await json(get(names.presence, 'user_count,subscription_count')), { occupied: true, user_count: 2, subscription_count: 3 })
        assert.deepEqual(await json(get(names.open, 'subscription_count')), { occupied: true, subscription_count: 1 })
        assert.deepEqual(await json(get('presence-nobody-here', 'user_count')), { occupied: false, user_count: 0 })
        for (const info of ['user_count', 'cache', 'nonsense']) {
            assert.equal((await refusal(get(names.open, info))).status, 400, info)
        }
    },

    async 'GET /channels/{name}/users lists distinct users'(context) {
        const names = await occupied(context)
        const users = (name) => context.api().get({ path: `/channels/${name}/users` })
        const list = (await json(users(names.presence))).users
        assert.deepEqual(list.sort((a, b) => (a.id < b.id ? -1 : 1)), [{ id: '31' }, { id: '32' }])
        assert.equal(await (await users('presence-nobody-here')).text(), '{"users":[]}')
        assert.equal((await refusal(users(names.open))).status, 400)
        assert.equal((await refusal(users(names.private))).status, 400)
    },

    async 'info=cache gives what is remembered, and for how long'({ api, name }) {
        const channel = name('cache-')
        const get = () => json(api().get({ path: `/channels/${channel}`, params: { info: 'cache' } }))
        assert.deepEqual(await get(), { occupied: false, cache: null })
        await api().trigger(channel, 'event', { a: {} })
        const { occupied: isOccupied, cache: { data, ttl } } = await get()
        assert.deepEqual([isOccupied, data], [false, '{"a":{}}'])
        assert.ok(Number.isInteger(ttl) && ttl > 1700 && ttl <= 1800, `ttl is ${ttl}`)
    },
}

const refusals = {
    async 'wrong credentials are refused with 401'({ api, apps, name }) {
        const channel = name('ch-')
        for (const options of [{ secret: 'wrong' }, { key: 'wrong' }, { key: apps.silent.key, secret: apps.silent.secret }]) {
            assert.equal((await refusal(api('main', options).trigger(channel, 'event', {}))).status, 401, JSON.stringify(options))
        }
        assert.match((await refusal(api('main', { key: 'wrong' }).trigger(channel, 'event', {}))).body, /Unknown auth_key/)
        assert.match((await refusal(api('main', { secret: 'wrong' }).trigger(channel, 'event', {}))).body,
            /^Invalid signature: you should have sent HmacSHA256Hex\("POST\\n\/apps\/1001\/events\\n.*", your_secret_key\), but you sent "[0-9a-f]{64}"/)
    },

    async 'an app that is not there is refused with 404'({ api, name }) {
        assert.equal((await refusal(api('main', { appId: '999' }).trigger(name('ch-'), 'event', {}))).status, 404)
    },

    async 'an app that is switched off answers 403'({ api, name }) {
        assert.equal((await refusal(api('disabled').trigger(name('ch-'), 'event', {}))).status, 403)
    },
}

const transport = {
    async 'one connection serves many requests'({ api, name }) {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
        let connections = 0
        const createConnection = agent.createConnection
        agent.createConnection = function connect(...args) {
            connections++
            return createConnection.apply(this, args)
        }
        for (let index = 0; index < 20; index++) await (await api('main', { agent }).trigger(name('ch-'), 'event', {})).text()
        await refusal(api('main', { agent, secret: 'wrong' }).trigger(name('ch-'), 'event', {}))
        await (await api('main', { agent }).trigger(name('ch-'), 'event', {})).text()
        agent.destroy()
        assert.equal(connections, 1)
    },

    async 'a body may come in chunks'({ apps, connect, server, name }) {
        const client = await connect()
        const channel = (await client.subscribe(name('chunked-'))).name
        const body = JSON.stringify({ name: 'chunked', channels: [channel], data: 'é'.repeat(3000) })
        const target = signedTarget(apps.main, 'POST', `/apps/${apps.main.id}/events`, { body })
        const bytes = Buffer.from(body)
        const chunks = []
        for (let at = 0; at < bytes.length; at += 999) {
            const chunk = bytes.subarray(at, at + 999)
            chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
        }
        const head = `POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`
        const answer = await exchange(server, Buffer.concat([Buffer.from(head), ...chunks, Buffer.from('0\r\n\r\n')]))
        assert.match(answer, /^HTTP\/1\.1 200 /)
        assert.equal((await client.message('chunked')).data.length, 3000)
    },

    async 'a body that waits to be asked for, as curl sends a large one'({ apps, connect, server, name }) {
        const client = await connect()
        const channel = (await client.subscribe(name('expected-'))).name
        const body = JSON.stringify({ name: 'expected', channels: [channel], data: 'x'.repeat(5000) })
        const target = signedTarget(apps.main, 'POST', `/apps/${apps.main.id}/events`, { body })
        const outgoing = http.request({
            host: server.host, port: server.port, method: 'POST', path: target, headers: { Expect: '100-continue', 'Content-Length': body.length },
        })
        outgoing.flushHeaders()
        await within('100 Continue', once(outgoing, 'continue'))
        outgoing.end(body)
        const [response] = await within('the answer', once(outgoing, 'response'))
        response.resume()
        assert.equal(response.statusCode, 200)
        await client.message('expected')
    },

    async 'a body that is far too large is refused in words, and the next request is served'({ api, name }) {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
        const library = api('hosted', { agent })
        for (const size of [700_000, 2_000_000, 9_000_000]) {
            const { status, body } = await refusal(library.trigger(name('ch-'), 'event', 'x'.repeat(size)))
            assert.equal(status, 413)
            assert.match(body, /content of this event/)
            assert.deepEqual(await json(library.trigger(name('ch-'), 'event', {})), {}, `after ${size} bytes`)
        }
        agent.destroy()
    },

    async 'requests sent without waiting are answered and delivered in order'({ apps, connect, server, name }) {
        const client = await connect()
        const channel = (await client.subscribe(name('pipelined-'))).name
        const requests = Array.from({ length: 20 }, (_, index) => {
            const body = JSON.stringify({ name: 'piped', channels: [channel], data: `${index}` })
            const target = signedTarget(apps.main, 'POST', `/apps/${apps.main.id}/events`, { body })
            const last = index === 19 ? 'Connection: close\r\n' : ''
            return `POST ${target} HTTP/1.1\r\nHost: x\r\n${last}Content-Length: ${body.length}\r\n\r\n${body}`
        })
        const answers = (await exchange(server, requests.join(''))).match(/HTTP\/1\.1 \d+/g)
        assert.deepEqual(answers, Array(20).fill('HTTP/1.1 200'))
        await until('twenty events', () => client.received('piped').length === 20)
        assert.deepEqual(client.received('piped').map(({ data }) => data), [...Array(20).keys()])
    },

    async 'the HTTP API and clients may come over a Unix socket'(context) {
        const socket = path.join(os.tmpdir(), `canyon-${process.pid}-${context.name('')}.sock`)
        const server = await context.serve([context.apps.main], { listen: ['127.0.0.1:0', `unix:${socket}`] })
        const client = await context.connect('main', { server })
        const channel = (await client.subscribe('over-tcp')).name
        const body = JSON.stringify({ name: 'over-unix', channels: [channel], data: '{}' })
        const target = signedTarget(context.apps.main, 'POST', `/apps/${context.apps.main.id}/events`, { body })
        const { status } = await request({ socketPath: socket }, 'POST', target, { body })
        assert.equal(status, 200)
        await client.message('over-unix')
    },
}

export default { ...triggering, ...batches, ...state, ...refusals, ...transport }
