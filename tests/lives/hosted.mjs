// A server inside a PHP process whose code forks: what a child copies must not keep the server's port or its clients.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'

import { until, within } from '../support/until.mjs'
import { freePort } from './cli_server.mjs'
import { subscribe } from './ledger.mjs'
import { PATIENCE } from './programs.mjs'

/** Hosts a server on a TCP port and on a Unix socket. */
async function host(life) {
    const port = await freePort()
    const socket = life.path('server.sock')
    const settings = { listen: [`127.0.0.1:${port}`, `unix:${socket}`], queue: life.queue, app: [life.app] }
    const script = life.php('hosted.php', [JSON.stringify(settings)])
    await script.says(/^listening$/m)
    const fork = async (kind) => {
        script.tell(kind)
        return Number((await script.says(new RegExp(`^${kind}: child (\\d+)$`, 'm')))[1])
    }
    return { script, port, socket, fork, client: () => within('the client to subscribe', subscribe(`127.0.0.1:${port}`, life.app.key), PATIENCE) }
}

/** The code with which a connection is refused; null if it is taken. */
const refusal = (address) => new Promise((resolve) => {
    const connection = net.connect(address)
    connection.on('connect', () => resolve(null)).on('error', ({ code }) => resolve(code))
    connection.on('connect', () => connection.destroy())
})

const lives = (pid) => fs.existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))

async function publishes(script, client, count) {
    script.tell('publish')
    await until(`${count} events`, () => client.ledger.received === count, PATIENCE)
}

export default {
    async 'a stopped server is gone, and can be started again, while a child of its host lives'(life) {
        const { script, port, socket, fork, client } = await host(life)
        const before = await client()
        const child = await fork('idle')
        const after = await client()
        await publishes(script, before, 5)
        script.tell('stop')
        await script.says(/^stopped$/m)
        for (const { closed } of [before, after]) assert.equal(await within('the client to be closed', closed), 4200)
        assert.equal(await refusal({ host: '127.0.0.1', port }), 'ECONNREFUSED')
        assert.match(await refusal({ path: socket }), /ENOENT|ECONNREFUSED/)
        script.tell('start')
        await script.says(/^started$/m)
        const again = await client()
        script.tell('publish')
        await until('events to come', () => again.ledger.series.length === 1, PATIENCE)
        assert.ok(lives(child))
        process.kill(child, 'SIGKILL')
        script.hangUp()
        assert.equal(await script.end(), 0, script.output)
        assert.equal(await within('the client to be closed', again.closed), 4200)
        await life.atRest()
    },

    async 'the clients of a host that is killed see it, while a child of it lives, and another server takes its place'(life) {
        const { script, port, socket, fork, client } = await host(life)
        const client1 = await client()
        const child = await fork('idle')
        process.kill(script.pid, 'SIGKILL')
        assert.equal(await within('the client to see it', client1.closed), 1006)
        // The kernel closes the descriptors of a killed process one after the other.
        for (const address of [{ host: '127.0.0.1', port }, { path: socket }]) {
            await until('connections to be refused', async () => (await refusal(address)) === 'ECONNREFUSED', PATIENCE)
        }
        assert.ok(lives(child))
        await life.serve()
        const publisher = life.php('publish.php', ['after', '10'])
        assert.equal(await publisher.end(), 0, publisher.output)
        await life.received({ after: 10 })
        assert.ok(lives(child))
        process.kill(child, 'SIGKILL')
        assert.equal(await script.end(), 'SIGKILL')
        await life.settle({ after: 10 })
    },

    async 'a program that the host runs gets none of its descriptors'(life) {
        const { script, client } = await host(life)
        const listener = await client()
        await publishes(script, listener, 5)
        script.tell('run')
        await script.says(/^ran$/m)
        assert.match(script.output, /^open: /m)
        assert.doesNotMatch(script.output, new RegExp(`socket:|anon_inode|${life.queue}`))
        script.hangUp()
        assert.equal(await script.end(), 0, script.output)
        await within('the client to be closed', listener.closed)
        await life.atRest()
    },

    async 'children publish to the server that their parent hosts, or host one of their own'(life) {
        const { script, fork, client } = await host(life)
        const listener = await client()
        await publishes(script, listener, 5)
        const publisher = await fork('publisher')
        await until('the events of the child to come', () => listener.ledger.count(`child ${publisher}`) === 20, PATIENCE)
        await fork('host')
        await script.says(/^the child's server ran and stopped$/m)
        await publishes(script, listener, 30)
        assert.deepEqual(listener.ledger.faults, [])
        script.hangUp()
        assert.equal(await script.end(), 0, script.output)
        assert.equal(await within('the client to be closed', listener.closed), 4200)
        await life.atRest()
    },
}
