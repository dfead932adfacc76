// Requests that the library for Node signed, over values that nobody would think of, and the same with a byte changed.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import http from 'node:http'

import { request, signedTarget } from '../support/raw.mjs'

// Left out: what the library itself does not escape (& # % +), and capitals in names, which it signs as they are.
const NAME_CHARACTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789_-.~']
const CHARACTERS = [...NAME_CHARACTERS, ...'ABCXYZ ,:;!?/|=@$*()[]{}<>^`"\'\\', 'é', 'ß', '☃', '𝒳', '\u0301']
const CHANNEL_CHARACTERS = [...'abcXYZ019_-=@,;']

/** Numbers from a seed, so that a failure can be repeated (xorshift). */
function generator(seed) {
    let state = seed
    const below = (limit) => {
        state ^= state << 13
        state ^= state >>> 17
        state ^= state << 5
        return (state >>> 0) % limit
    }
    const pick = (list) => list[below(list.length)]
    const text = (characters, least, most) => Array.from({ length: least + below(most - least + 1) }, () => pick(characters)).join('')
    return { below, pick, text }
}

/** A request that must be accepted: { method, path, params, body }, `path` without `/apps/{id}`. */
function randomRequest({ below, pick, text }) {
    const channel = () => text(CHANNEL_CHARACTERS, 1, 40)
    const user = () => `${text(CHARACTERS.filter((one) => !'/\\?.'.includes(one)), 1, 30)}x`
    const event = () => ({ name: text(CHARACTERS, 1, 30), data: text(CHARACTERS, 0, 200) })
    const made = pick([
        () => ({ method: 'GET', path: '/channels' }),
        () => ({ method: 'GET', path: `/channels/${channel()}` }),
        () => ({ method: 'GET', path: `/channels/presence-${channel()}/users` }),
        () => ({ method: 'GET', path: `/users/${user()}` }),
        () => ({ method: 'GET', path: '/status' }),
        () => ({ method: 'POST', path: '/events', body: { ...event(), channels: Array.from({ length: 1 + below(5) }, channel) } }),
        () => ({ method: 'POST', path: '/batch_events', body: { batch: Array.from({ length: 1 + below(5) }, () => ({ ...event(), channel: channel() })) } }),
        () => ({ method: 'POST', path: `/users/${user()}/terminate_connections`, body: {} }),
    ])()
    // Parameters that mean nothing are signed with the others.
    const params = Object.fromEntries(Array.from({ length: below(4) }, () => [`x${text(NAME_CHARACTERS, 1, 12)}`, text(CHARACTERS, 0, 30)]))
    return { ...made, params }
}

const replaceAt = (text, index, character) => text.slice(0, index) + character + text.slice(index + 1)

/** The same request with one character of one part changed after it was signed. */
function tamper({ below, pick }, { method, path, pairs, body }) {
    const changed = (text, start = 0) => {
        const index = start + below(text.length - start)
        return replaceAt(text, index, pick([...'abc019'].filter((one) => one !== text[index].toLowerCase())))
    }
    const parts = ['pair', 'signature', 'method']
    if (body) parts.push('body')
    if (/^\/apps\/\d+\/(channels|users)\/./.test(path)) parts.push('path')
    const part = pick(parts)
    if (part === 'method') return { part, method: method === 'GET' ? 'POST' : 'GET', path, pairs, body }
    if (part === 'path') {
        const [, before, name, after] = /^(\/apps\/\d+\/(?:channels\/presence-|channels\/|users\/))([^/]*)(.*)$/.exec(path)
        // A whole character: half of one would not be text any more.
        const characters = [...name]
        characters[below(characters.length)] += 'q'
        return { part, method, path: before + characters.join('') + after, pairs, body }
    }
    if (part === 'body') {
        // Inside the first key: the body stays JSON, and its hash does not stay the same.
        return { part, method, path, pairs, body: replaceAt(body, body.indexOf('"') + 1, 'Z') }
    }
    const index = pairs.findIndex(([key]) => key === 'auth_signature')
    const chosen = part === 'signature' ? index : below(pairs.length)
    const altered = pairs.map(([key, value], at) => {
        if (at !== chosen) return [key, value]
        return value === '' ? [key, 'a'] : [key, [...value].length === value.length ? changed(value) : `${value}a`]
    })
    return { part: `${part} ${pairs[chosen][0]}`, method, path, pairs: altered, body }
}

/** Signs with the library; the query as pairs, split where the library joined it. */
function sign(library, appId, { method, path, params, body }) {
    const full = `/apps/${appId}${path}`
    const text = body === undefined ? undefined : JSON.stringify(body)
    const query = library.createSignedQueryString({ method, path: full, params, body: text })
    const pairs = query.split('&').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])
    return { method, path: full, pairs, body: text }
}

const encodePath = (path) => path.split('/').map(encodeURIComponent).join('/')

function send(server, agent, { method, path, pairs, body }, raw = false) {
    const query = pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')
    // Some libraries write the path as it is, where HTTP allows that.
    return request(server, method, `${raw ? encodeURI(path).replaceAll('?', '%3F') : encodePath(path)}?${query}`, { body, agent })
}

export default {
    async 'names of parameters are signed in lower case'({ apps, server, signed }) {
        const accepted = await signed('main', 'GET', '/channels', { query: { zebra: '1', apple: '2', b_c: '' } })
        assert.equal(accepted.status, 200)
        const target = signedTarget(apps.main, 'GET', `/apps/${apps.main.id}/channels`, { query: { zebra: '1' } })
        assert.equal((await request(server, 'GET', target.replace('zebra', 'ZeBra'))).status, 200)
    },

    async 'the version of the signature must be 1.0'({ signed }) {
        for (const [version, text] of [[undefined, /^Version required/], ['2.0', /^Version not supported/], ['', /^Version/]]) {
            const { status, body } = await signed('main', 'GET', '/channels', { query: { auth_version: version } })
            assert.equal(status, 401)
            assert.match(body, text)
        }
    },

    async 'version, then time, then signature, then key is looked at'({ signed }) {
        const wrong = { auth_version: '2.0', auth_timestamp: '1', auth_key: 'nobody' }
        const text = async (...names) => {
            const query = Object.fromEntries(names.map((name) => [name, wrong[name]]))
            return (await signed('main', 'GET', '/channels', { query, secret: 'wrong' })).body
        }
        assert.match(await text('auth_version', 'auth_timestamp', 'auth_key'), /^Version not supported/)
        assert.match(await text('auth_timestamp'), /^Timestamp expired/)
        assert.match(await text(), /^Invalid signature/)
    },

    async 'random requests of the library are accepted, and refused with a byte changed'({ api, apps, defer, server }) {
        const seed = Number(process.env.SEED ?? randomInt(1, 2 ** 31))
        const random = generator(seed)
        const agent = new http.Agent({ keepAlive: true })
        defer(() => agent.destroy())
        const library = api('main', { agent })
        const tampered = new Set()
        for (let round = 0; round < 300; round++) {
            const original = randomRequest(random)
            const note = `SEED=${seed}, round ${round}: ${JSON.stringify(original)}`
            const viaLibrary = await library[original.method.toLowerCase()](original).then((answer) => answer.text().then(() => answer.status), (error) => error)
            assert.equal(viaLibrary, 200, `${note}: ${viaLibrary.body}`)

            const signed = sign(library, apps.main.id, original)
            const accepted = await send(server, agent, signed, random.below(2) === 0)
            assert.equal(accepted.status, 200, `${note}: ${accepted.body}`)

            const changed = tamper(random, signed)
            const refused = await send(server, agent, changed)
            // The other method of a path is no endpoint at all.
            const expected = changed.part === 'method' ? [401, 404, 405] : [401]
            assert.ok(expected.includes(refused.status), `${note}: ${changed.part} changed, answered ${refused.status} ${refused.body}`)
            tampered.add(changed.part.split(' ')[0])
        }
        assert.deepEqual([...tampered].sort(), ['body', 'method', 'pair', 'path', 'signature'])
    },
}
