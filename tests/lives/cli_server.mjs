// `php -S`, with several workers.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'

import { until } from '../support/until.mjs'
import { PATIENCE } from './programs.mjs'

/** A port that is free now. */
export async function freePort() {
    const listener = net.createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => listener.once('listening', resolve))
    const { port } = listener.address()
    await new Promise((resolve) => listener.close(resolve))
    return port
}

/** Starts `php -S` with so many further processes. Another program may be faster at the port: then another port. */
export async function startCliServer(life, { workers, ini = {} }) {
    for (let attempt = 1; ; attempt++) {
        const port = await freePort()
        const settings = Object.entries(ini).flatMap(([name, value]) => ['-d', `${name}=${value}`])
        const server = life.run('php -S', life.tools.php, [...settings, '-S', `127.0.0.1:${port}`, life.script('request.php')], {
            env: life.environment({ PHP_CLI_SERVER_WORKERS: workers }),
        })
        try {
            await server.says(/Development Server .* started/)
            return Object.assign(server, { port })
        } catch (error) {
            if (attempt === 5 || !server.output.includes('Address already in use')) throw error
        }
    }
}

/** One request over a connection of its own; resolves to what request.php answers. */
export function get(life, { port }, asked) {
    const query = new URLSearchParams({ queue: life.queue, app: life.app.id, ...asked })
    return new Promise((resolve, reject) => {
        http.get({ host: '127.0.0.1', port, path: `/?${query}`, agent: false }, (response) => {
            let body = ''
            response.setEncoding('utf8').on('data', (text) => { body += text }).on('error', reject)
            response.on('end', () => (response.statusCode === 200 && body.startsWith('{"pid"') ? resolve(JSON.parse(body)) : reject(new Error(body))))
        }).on('error', reject)
    })
}

async function load(life, server, { requests, lanes = 6, name = 'r' }) {
    const expected = {}
    const pids = new Set()
    let next = 0
    await Promise.all(Array.from({ length: lanes }, async (_, lane) => {
        while (next < requests) {
            const series = `${name}${next++}`
            pids.add((await get(life, server, { series, count: 5, lane: `${name}-${lane}` })).pid)
            expected[series] = 5
        }
    }))
    return { expected, pids }
}

export default {
    async 'four workers and the first process all publish, and Ctrl-C ends them in order'(life) {
        await life.serve()
        const server = await startCliServer(life, { workers: 4 })
        const { expected, pids } = await load(life, server, { requests: 300 })
        assert.ok(pids.size >= 2, `only ${pids.size} process answered`)
        assert.ok(life.leftBehind.length <= 5, `${life.leftBehind.length} rings`)
        // As a terminal sends it: to all.
        server.signalGroup('SIGINT')
        assert.equal(await server.end(), 0, server.output)
        await life.settle(expected)
        return `${pids.size} processes`
    },

    async 'killed workers, and a first process that leaves its workers behind, leave no ring'(life) {
        await life.serve()
        const server = await startCliServer(life, { workers: 4 })
        const before = await load(life, server, { requests: 100, name: 'before' })
        const victim = [...before.pids].find((pid) => pid !== server.pid)
        process.kill(victim, 'SIGKILL')
        const after = await load(life, server, { requests: 100, name: 'after' })
        assert.ok(!after.pids.has(victim))
        server.signal('SIGTERM')
        await until('the first process to end', () => !fs.existsSync(`/proc/${server.pid}`) || /^State:\s+Z/m.test(fs.readFileSync(`/proc/${server.pid}/status`, 'utf8')), PATIENCE)
        // PHP ends the first process only; whoever started them has to end the others.
        server.signalGroup('SIGTERM')
        assert.equal(await server.end(), 'SIGTERM', server.output)
        await life.settle({ ...before.expected, ...after.expected })
    },
}
