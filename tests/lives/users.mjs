// PHP and the server as different users, who share the queue through a group.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import { Skip } from '../support/runner.mjs'
import { load, published, startFpm } from './fpm.mjs'
import { canMount, mounted } from './namespaces.mjs'

// Numbers that nobody has, so that the tests need no user made for them.
const SERVER = 54_001
const BLUE = 54_002
const GREEN = 54_003
const OTHER = 54_009
const SHARED = 54_100

const POOL = { pm: 'static', 'pm.max_children': 2, 'pm.max_requests': 10 }

let copy

/** The server's program where every user can start it. */
function openProgram(program) {
    if (!copy) {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'canyon-lives-'))
        process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }))
        fs.chmodSync(directory, 0o755)
        copy = path.join(directory, 'canyon')
        fs.copyFileSync(program, copy)
        fs.chmodSync(copy, 0o755)
    }
    return copy
}

/** A place for the queue that everybody may enter and write to, as /dev/shm is. */
function prepare(life) {
    if (process.getuid() !== 0) throw new Skip('only root can become other users')
    life.tools = { ...life.tools, server: openProgram(life.tools.server) }
    fs.mkdirSync(life.path('shared'))
    fs.chmodSync(life.path('shared'), 0o1777)
    life.queue = life.path('shared/queue')
}

const asServer = { settings: [`queue_group = "${SHARED}"`], uid: SERVER, gid: SHARED }

const pools = { blue: { ...POOL, user: BLUE, group: SHARED }, green: { ...POOL, user: GREEN, group: SHARED } }

/** What was published before there was a server may be delivered before there is a client. */
const EARLY = { least: 0 }

/** What the directory and everything in it is like. */
function permissions(life) {
    const describe = (file) => {
        const { mode, gid } = fs.statSync(file)
        return `${(mode & 0o7777).toString(8)} ${gid}`
    }
    const files = fs.readdirSync(life.queue).map((name) => describe(path.join(life.queue, name)))
    return { directory: describe(life.queue), files: [...new Set(files)] }
}

const SHARED_PERMISSIONS = { directory: `2770 ${SHARED}`, files: [`660 ${SHARED}`] }

async function finish(life, fpm, ...loads) {
    fpm.signal('SIGQUIT')
    assert.equal(await fpm.end(), 0, fpm.log())
    for (const { unanswered } of loads) assert.deepEqual(unanswered.map(({ error }) => error.message), [])
    await life.settle(Object.assign({}, ...loads.map(published)))
}

async function isRefused(program, ...parts) {
    assert.equal(await program.end(), 3, program.output)
    for (const part of parts) assert.ok(program.output.includes(part), `${part} is not in: ${program.output}`)
}

export default {
    async 'two pools of two users share a queue with a server of a third'(life) {
        prepare(life)
        await life.serve(asServer)
        const fpm = await startFpm(life, { pools, php: { 'canyon.queue_group': SHARED } })
        const loads = await Promise.all(['blue', 'green'].map((name) => load(life, fpm.sockets[name], { lanes: 2, requests: 60, name })))
        assert.deepEqual(permissions(life), SHARED_PERMISSIONS)
        await finish(life, fpm, ...loads)
    },

    async 'it matters neither who comes first nor what the umask is'(life) {
        prepare(life)
        const prefix = ['sh', '-c', 'umask 077; exec "$@"', 'sh']
        const fpm = await startFpm(life, { pools, php: { 'canyon.queue_group': SHARED }, prefix })
        const before = await load(life, fpm.sockets.blue, { lanes: 1, requests: 5, name: 'before' })
        assert.deepEqual(permissions(life), SHARED_PERMISSIONS)
        assert.equal(fs.statSync(life.queue).uid, BLUE)
        await life.serve({ ...asServer, prefix })
        const green = await load(life, fpm.sockets.green, { lanes: 2, requests: 60, name: 'green' })
        assert.deepEqual(permissions(life), SHARED_PERMISSIONS)
        assert.equal(before.answers.length, 5)
        fpm.signal('SIGQUIT')
        assert.equal(await fpm.end(), 0, fpm.log())
        const early = before.answers.map(({ series }) => [series, EARLY])
        await life.settle({ ...published(green), ...Object.fromEntries(early) })
    },

    async 'users and groups go by their names, and a further group is enough'(life) {
        prepare(life)
        if (!canMount()) throw new Skip('no mount namespace can be made here')
        // As on a real host: each user has a group of its own and is listed as a member of the shared one.
        const people = { 'canyon-server': SERVER, 'canyon-blue': BLUE }
        const lines = (format) => Object.entries(people).map(format).join('\n') + '\n'
        const passwd = life.write('passwd', fs.readFileSync('/etc/passwd', 'utf8') + lines(([name, id]) => `${name}:x:${id}:${id}::/:/bin/sh`))
        const group = life.write('group', fs.readFileSync('/etc/group', 'utf8') + lines(([name, id]) => `${name}:x:${id}:`)
            + `canyon-shared:x:${SHARED}:${Object.keys(people).join(',')}\n`)
        const prefix = mounted({ '/etc/passwd': passwd, '/etc/group': group })
        await life.serve({
            settings: ['queue_group = "canyon-shared"'],
            prefix: [...prefix, 'setpriv', '--reuid', 'canyon-server', '--regid', 'canyon-server', '--init-groups'],
        })
        assert.equal(fs.statSync(life.queue).uid, SERVER)
        const fpm = await startFpm(life, {
            pools: { blue: { ...POOL, user: 'canyon-blue', group: 'canyon-blue' } },
            php: { 'canyon.queue_group': 'canyon-shared' },
            prefix,
        })
        const done = await load(life, fpm.sockets.blue, { lanes: 2, requests: 40 })
        assert.deepEqual(permissions(life), SHARED_PERMISSIONS)
        await finish(life, fpm, done)
    },

    async 'who may not use the queue is told whose it is and what to do'(life) {
        prepare(life)
        await life.serve({ uid: SERVER, gid: SERVER })
        for (const uid of [BLUE, GREEN]) {
            await isRefused(life.php('publish.php', ['refused', '1', `${uid}:${uid}`]), life.queue, `belongs to ${SERVER}`, `runs as ${uid}`)
        }
        const allowed = life.php('publish.php', ['same', '5', `${SERVER}:${SERVER}`])
        assert.equal(await allowed.end(), 0, allowed.output)
        await life.settle({ same: 5 })
    },

    async 'a group on one side only is refused with what to configure'(life) {
        prepare(life)
        await life.serve(asServer)
        const member = `${BLUE}:${SHARED}`
        await isRefused(life.php('publish.php', ['refused', '1', member]), life.queue, `belongs to ${SERVER}`, 'same user')
        const ini = { 'canyon.queue_group': OTHER }
        await isRefused(life.php('publish.php', ['refused', '1', member], { ini }), life.queue)
        await isRefused(life.php('publish.php', ['refused', '1', `${BLUE}:${BLUE}`], { ini: { 'canyon.queue_group': SHARED } }), 'permission denied', 'canyon.queue_group')
        await life.settle({})
    },

    async 'who is not in the group makes no directory that would be in the way'(life) {
        prepare(life)
        const ini = { 'canyon.queue_group': SHARED }
        await isRefused(life.php('publish.php', ['refused', '1', `${BLUE}:${BLUE}`], { ini }), `${SHARED}`, 'not in it', `runs as ${BLUE}`)
        assert.ok(!fs.existsSync(life.queue))
        const member = life.php('publish.php', ['member', '5', `${GREEN}:${SHARED}`], { ini })
        assert.equal(await member.end(), 0, member.output)
        await life.serve(asServer)
        await life.settle({ member: EARLY })
    },

    async 'a directory from before the group was configured is refused by those who own it'(life) {
        prepare(life)
        const before = life.php('publish.php', ['before', '2', `${GREEN}:${SHARED}`])
        assert.equal(await before.end(), 0, before.output)
        const ini = { 'canyon.queue_group': SHARED }
        await isRefused(life.php('publish.php', ['refused', '1', `${GREEN}:${SHARED}`], { ini }), life.queue, 'mode 0700', `${SHARED}`, 'remove it')
        await life.serve({ uid: GREEN, gid: SHARED })
        await life.settle({ before: EARLY })
    },
}
