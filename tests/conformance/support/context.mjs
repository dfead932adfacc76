// What a test gets: the server, its apps, and clients that are closed when the test ends.

import { serverLibrary } from './backend.mjs'
import { Cable } from './cable.mjs'
import { Client } from './client.mjs'
import { Echo, PusherClient } from './packages.mjs'
import { RawClient, request, signedTarget } from './raw.mjs'
import { Server } from './server.mjs'

let names = 0

export class Context {
    #cleanup = []

    /** `browser` starts Chromium, or gives the one that runs. */
    constructor({ server, apps, backend, browser }) {
        Object.assign(this, { server, apps, backend, browser })
        // Tests take the context apart.
        for (const method of ['name', 'defer', 'serve', 'cable', 'open', 'connect', 'echo', 'dial', 'raw', 'api', 'signed']) {
            this[method] = this[method].bind(this)
        }
    }

    /** A channel name, or another word, that no other test uses. */
    name(prefix) { return `${prefix}${++names}` }

    /** Runs `action` when the test ends, the last one first. */
    defer(action) { this.#cleanup.push(action) }

    /** A server for this test alone. */
    async serve(apps, settings) {
        const server = await Server.start(apps, settings)
        this.defer(() => server.close())
        return server
    }

    /** A cable to a server that can be cut; `options` as of Cable.lay. */
    async cable(server = this.server, options = {}) {
        const cable = await Cable.lay(server, options)
        this.defer(() => cable.close())
        return cable
    }

    /** Options of pusher-js: our server, our endpoints for authorization; `member` and `user` are what they authorize. */
    options(app, { server = this.server, member, user, refuse, ...more } = {}) {
        const params = (value) => ({ ...value, ...(refuse ? { refuse: 'yes' } : {}) })
        return {
            cluster: '', wsHost: server.host, wsPort: server.port, forceTLS: false, enabledTransports: ['ws'], disableStats: true,
            channelAuthorization: {
                transport: 'ajax',
                endpoint: `${this.backend.url}/auth/${app}/channel`,
                params: params(member ? { member: JSON.stringify(member) } : {}),
            },
            userAuthentication: {
                transport: 'ajax',
                endpoint: `${this.backend.url}/auth/${app}/user`,
                params: params(user ? { user: JSON.stringify(user) } : {}),
            },
            ...more,
        }
    }

    /** pusher-js, connecting. */
    open(app = 'main', options = {}) {
        const client = new Client(this.apps[app].key, this.options(app, options))
        this.defer(() => client.close())
        return client
    }

    /** pusher-js, connected. */
    async connect(app, options) { return this.open(app, options).connected() }

    /** Laravel Echo as a Laravel application makes it. */
    echo(app = 'main', options = {}) {
        const echo = new Echo({ broadcaster: 'reverb', key: this.apps[app].key, Pusher: PusherClient, ...this.options(app, options) })
        this.defer(() => echo.disconnect())
        return echo
    }

    /** A WebSocket without a library; the greeting is not read yet. */
    dial(app = 'main', { server = this.server, path, query = 'protocol=7&client=raw&version=1.0', ...options } = {}) {
        const target = path ?? `/app/${this.apps[app].key}?${query}`
        const client = new RawClient(`ws://${server.host}:${server.port}${target}`, options)
        this.defer(() => client.close())
        return client
    }

    /** A WebSocket without a library, greeted. */
    async raw(app, options) { return this.dial(app, options).greeted() }

    /** Pusher's library for Node. */
    api(app = 'main', { server = this.server, ...options } = {}) {
        return serverLibrary(this.apps[app], { host: server.host, port: server.port, timeout: 10_000, ...options })
    }

    /** A request that we sign ourselves; `path` is what follows `/apps/{id}`. */
    async signed(app, method, path, { body = '', ...options } = {}) {
        const text = typeof body === 'string' ? body : JSON.stringify(body)
        const target = signedTarget(this.apps[app], method, `/apps/${this.apps[app].id}${path}`, { body: text, ...options })
        return request(options.server ?? this.server, method, target, { body: text, headers: options.headers, agent: options.agent })
    }

    /** The same of a server behind a path prefix, which is not part of what is signed. */
    async signedUnder(prefix, server, app, method, path, body) {
        const text = JSON.stringify(body)
        const target = signedTarget(this.apps[app], method, `/apps/${this.apps[app].id}${path}`, { body: text })
        return request(server, method, prefix + target, { body: text })
    }

    async end() {
        for (const action of this.#cleanup.reverse()) await action()
    }
}
