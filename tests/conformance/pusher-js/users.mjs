// Signing in, events to a user, watchlists, and ending a user's connections.

import assert from 'node:assert/strict'

import { next } from '../support/client.mjs'
import { userAuth } from '../support/raw.mjs'
import { until, within } from '../../support/until.mjs'

const user = (id, more = {}) => ({ id, user_info: { name: `User ${id}` }, ...more })

/** pusher-js, signed in as the user and subscribed to what is sent to it. */
async function signIn({ connect }, data, { app = 'main', ...options } = {}) {
    const client = await connect(app, { user: data, ...options })
    client.pusher.signin()
    await within('signing in', client.pusher.user.signinDonePromise)
    await until('the channel of the user', () => client.pusher.user.serverToUserChannel?.subscribed)
    return client
}

/** Collects what the watchlist of a client emits, as `online 7`. */
function watch(client) {
    const seen = []
    for (const name of ['online', 'offline']) {
        client.pusher.user.watchlist.bind(name, (event) => event.user_ids.forEach((id) => seen.push(`${event.name} ${id}`)))
    }
    return seen
}

const signingIn = {
    async 'signs in, and gets back what was signed'(context) {
        const data = user('31', { 'ключ': [], extra: {} })
        const client = await signIn(context, data)
        assert.deepEqual(client.pusher.user.user_data, data)
        assert.deepEqual(client.received('pusher:signin_success')[0].data, { user_data: JSON.stringify(data) })
    },

    async 'an event to a user reaches all its connections and nobody else'(context) {
        const id = context.name('user')
        const [one, two, other] = [await signIn(context, user(id)), await signIn(context, user(id)), await signIn(context, user(`${id}x`))]
        const events = [one, two].map((client) => next(client.pusher.user, 'App\\Message'))
        await context.api().sendToUser(id, 'App\\Message', { text: 'hi', empty: {} })
        for (const event of events) assert.deepEqual((await event)[0], { text: 'hi', empty: {} })
        await context.api().sendToUser(`${id}x`, 'fence', {})
        await other.message('fence')
        assert.deepEqual(other.received('App\\Message'), [])
    },

    async 'the HTTP API reports how many connections a user has'(context) {
        const id = context.name('user')
        await signIn(context, user(id))
        const channel = `#server-to-user-${id}`
        const { status, body } = await context.signed('main', 'POST', '/events', {
            body: { name: 'x', channels: [channel], data: '1', info: 'subscription_count' },
        })
        assert.deepEqual([status, JSON.parse(body)], [200, { channels: { [channel]: { subscription_count: 1 } } }])
    },

    async 'a wrong signature is an error, and the connection stays'(context) {
        const customHandler = ({ socketId }, callback) => callback(null, context.api().authenticateUser(`${socketId}0`, user('31')))
        const client = await context.connect('main', { userAuthentication: { customHandler } })
        client.pusher.signin()
        assert.equal((await client.error(/./)).code, null)
        await client.subscribe(context.name('still-'))
        assert.equal(client.pusher.user.user_data, null)
        assert.deepEqual(client.received('pusher:signin_success'), [])
    },

    async 'a user without an id, or with one that is no text, is refused'(context) {
        const app = context.apps.main
        for (const data of ['{}', '{"id":""}', '{"id":7}', '{"id":null}', '[]', 'text', '"31"', '{"id":"31"']) {
            const raw = await context.raw()
            raw.send({ event: 'pusher:signin', data: { auth: userAuth(app, raw.socketId, data), user_data: data } })
            const { event, data: error } = await raw.frame()
            assert.deepEqual([event, error.code], ['pusher:error', null], data)
            assert.deepEqual(await raw.untilPong(), [])
        }
    },

    async 'a connection stays with its user; signing in again as the same is fine'(context) {
        const app = context.apps.main
        const raw = await context.raw()
        const signin = (data) => raw.send({ event: 'pusher:signin', data: { auth: userAuth(app, raw.socketId, data), user_data: data } })
        signin('{"id":"31"}')
        assert.equal((await raw.frame()).event, 'pusher:signin_success')
        signin('{"id":"32"}')
        const { event, data } = await raw.frame()
        assert.deepEqual([event, data.code], ['pusher:error', null])
        signin('{"id":"31"}')
        assert.equal((await raw.frame()).event, 'pusher:signin_success')
        raw.subscribe('#server-to-user-32', { auth: '' })
        await raw.event('pusher:error')
        raw.subscribe('#server-to-user-31', { auth: '' })
        assert.equal((await raw.event('pusher_internal:subscription_succeeded')).channel, '#server-to-user-31')
    },

    async 'nobody listens to a user without being signed in as it'(context) {
        const id = context.name('user')
        const raw = await context.raw()
        raw.subscribe(`#server-to-user-${id}`, { auth: '' })
        await raw.event('pusher:error')
        const signedIn = await signIn(context, user(id))
        await context.api().sendToUser(id, 'private', {})
        await signedIn.message('private')
        assert.deepEqual((await raw.untilPong()).filter(({ event }) => event !== 'pusher:subscription_error'), [])
    },

    async 'is signed in again after a reconnection'(context) {
        const cable = await context.cable()
        const id = context.name('user')
        const client = await signIn(context, user(id), { server: cable })
        cable.cut()
        await until('to be back', () => client.received('pusher:signin_success').length === 2, 20_000)
        await until('the channel of the user', () => client.pusher.user.serverToUserChannel?.subscribed)
        const event = next(client.pusher.user, 'again')
        await context.api().sendToUser(id, 'again', {})
        await event
    },

    async 'a presence channel takes the user who is signed in'(context) {
        const customHandler = ({ socketId, channelName }, callback) => callback(null, context.api().authorizeChannel(socketId, channelName))
        const watcher = await context.connect('main', { member: { user_id: 'watcher' } })
        const channel = await watcher.subscribe(context.name('presence-signed-in-'))
        const added = next(channel, 'pusher:member_added')
        const client = await signIn(context, user('31'), { channelAuthorization: { customHandler } })
        const own = await client.subscribe(channel.name)
        assert.deepEqual((await added)[0], { id: '31', info: { name: 'User 31' } })
        assert.deepEqual(own.members.me, { id: '31', info: { name: 'User 31' } })
    },

    async 'what was authorized for a presence channel counts more than the sign-in'(context) {
        const client = await signIn(context, user('31'), { member: { user_id: 'other', user_info: { name: 'Other' } } })
        const channel = await client.subscribe(context.name('presence-override-'))
        assert.deepEqual(Object.keys(channel.members.members), ['other'])
    },

    async 'an app can do without users'(context) {
        const client = await context.connect('anonymous', { user: user('31') })
        client.pusher.signin()
        assert.equal((await client.error(/./)).code, null)
        assert.deepEqual(client.received('pusher:signin_success'), [])
        assert.equal(client.pusher.connection.state, 'connected')
    },

    async 'an app can close whoever neither signs in nor subscribes to a private channel'(context) {
        const channel = context.name('private-strict-')
        const [signedIn, subscriber] = [await signIn(context, user('31'), { app: 'strict' }), await context.connect('strict')]
        await subscriber.subscribe(channel)
        const idle = await context.raw('strict')
        idle.subscribe(context.name('public-'))
        const { data } = await idle.event('pusher:error')
        assert.deepEqual(data, { code: 4009, message: 'Connection not authorized within timeout' })
        assert.deepEqual(await idle.closed(), { code: 4009, reason: 'Connection not authorized within timeout' })
        await context.api('strict').trigger(channel, 'still-here', {})
        await subscriber.message('still-here')
        await context.api('strict').sendToUser('31', 'still-here', {})
        await signedIn.message('still-here')
    },
}

const watchlists = {
    async 'the watchlist tells who is there, who comes and who goes'(context) {
        const [ada, bob, eve] = ['ada', 'bob', 'eve'].map((word) => context.name(word))
        const online = await signIn(context, user(bob), { app: 'watching' })
        const client = await context.connect('watching', { user: user(ada, { watchlist: [bob, eve] }) })
        const seen = watch(client)
        client.pusher.signin()
        await until('the present state', () => seen.length === 2)
        assert.deepEqual([...seen].sort(), [`offline ${eve}`, `online ${bob}`])

        const arrival = await signIn(context, user(eve), { app: 'watching' })
        await until('an arrival', () => seen.at(-1) === `online ${eve}`)
        online.close()
        await until('a departure', () => seen.at(-1) === `offline ${bob}`)
        arrival.close()
        await until('the other departure', () => seen.at(-1) === `offline ${eve}`)
        assert.equal(seen.length, 5)
    },

    async 'a user is online until the last of its connections ends'(context) {
        const [ada, bob] = [context.name('ada'), context.name('bob')]
        const client = await context.connect('watching', { user: user(ada, { watchlist: [bob] }) })
        const seen = watch(client)
        client.pusher.signin()
        await until('the present state', () => seen.length === 1)
        const tabs = [await signIn(context, user(bob), { app: 'watching' }), await signIn(context, user(bob), { app: 'watching' })]
        await until('bob', () => seen.length === 2)
        tabs[0].close()
        await context.api('watching').sendToUser(bob, 'fence', {})
        await tabs[1].message('fence')
        tabs[1].close()
        await until('bob to go', () => seen.at(-1) === `offline ${bob}`)
        assert.deepEqual(seen, [`offline ${bob}`, `online ${bob}`, `offline ${bob}`])
    },

    async 'an app without watchlists says nothing of others'(context) {
        const id = context.name('user')
        const client = await signIn(context, user(id, { watchlist: ['7'] }), { app: 'main' })
        await context.api().sendToUser(id, 'fence', {})
        await client.message('fence')
        assert.deepEqual(client.received('pusher_internal:watchlist_events'), [])
    },

    async 'of more than a hundred the first hundred are watched, and 4302 says so'(context) {
        const watchlist = Array.from({ length: 101 }, (_, index) => `${context.name('many')}-${index}`)
        const client = await context.connect('watching', { user: user(context.name('ada'), { watchlist }) })
        const seen = watch(client)
        client.pusher.signin()
        await until('4302', () => client.received('pusher:error').some(({ data }) => data.code === 4302))
        await client.message('pusher:signin_success')
        await until('the present state', () => seen.length === 100)
        assert.deepEqual([...seen].sort(), watchlist.slice(0, 100).map((id) => `offline ${id}`).sort())
    },
}

const terminations = {
    async 'terminate closes every connection of the user, which stays away'(context) {
        const id = context.name('user')
        const tabs = [await signIn(context, user(id)), await signIn(context, user(id))]
        const other = await signIn(context, user(`${id}x`))
        assert.equal((await context.api().terminateUserConnections(id)).status, 200)
        for (const tab of tabs) await until('to be closed', () => tab.pusher.connection.state === 'disconnected')
        await context.api().sendToUser(`${id}x`, 'fence', {})
        await other.message('fence')
        assert.deepEqual(other.states, ['connected'])
    },

    async 'terminate says why before it closes'(context) {
        const id = context.name('user')
        const raw = await context.raw()
        const data = JSON.stringify({ id })
        raw.send({ event: 'pusher:signin', data: { auth: userAuth(context.apps.main, raw.socketId, data), user_data: data } })
        await raw.event('pusher:signin_success')
        await context.api().terminateUserConnections(id)
        const { data: error } = await raw.event('pusher:error')
        assert.deepEqual(await raw.closed(), { code: error.code, reason: error.message })
        assert.ok(error.code >= 4000 && error.code < 4100, 'a code with which clients stay away')
    },

    async 'terminate does not touch members of that id who did not sign in'(context) {
        const id = context.name('user')
        const client = await context.connect('main', { member: { user_id: id } })
        const channel = await client.subscribe(context.name('presence-kept-'))
        assert.equal((await context.api().terminateUserConnections(id)).status, 200)
        await context.api().trigger(channel.name, 'fence', {})
        await client.message('fence')
        assert.deepEqual(client.states, ['connected'])
    },

    async 'terminate of a user who is not there is fine, whatever its id'(context) {
        for (const id of ['nobody', 'us er', 'usér', 'user+1@example.com', 'a=b,c;d']) {
            assert.equal(await (await context.api().terminateUserConnections(id)).text(), '{}', id)
        }
    },
}

export default { ...signingIn, ...watchlists, ...terminations }
