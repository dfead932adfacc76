// Draws the picture of `canyon top` in the README: a server with traffic for a minute, the screen in tmux, as SVG.
//
//   make server ext84 && source tests/setup/env.sh && node tests/operation/top-picture.mjs > tests/operation/top.svg

import { execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import { drawing } from './terminal-svg.mjs'

const { CANYON_BIN, CANYON_EXT84, NODE_PATH, PHP84, SECONDS = '75' } = process.env
const WebSocket = createRequire(`${NODE_PATH}/`)('ws')

const COLUMNS = 92
const LINES = 24
const APP = { id: 'shop', key: 'shop-key', secret: 'shop-secret' }

// Subscribers of each channel, its events in a second, and up to how many more in waves.
const CHANNELS = {
    'orders': [240, 40, 90],
    'presence-room.lobby': [32, 60, 40],
    'presence-room.kitchen': [9, 14, 30],
    'private-account.17': [3, 20, 18],
    'private-account.204': [1, 9, 12],
    'private-depot.north': [14, 12, 8],
    'cache-prices': [400, 12, 8],
    'private-encrypted-vault': [2, 3, 4],
    'status': [160, 1, 1],
}

const PUBLISHER = `
    $publisher = new Canyon\\Publisher($argv[1], 'shop');
    $channels = json_decode($argv[2], true);
    $owed = array_fill_keys(array_keys($channels), 0.0);
    for ($tick = 0; ; $tick++) {
        foreach ($channels as $channel => [, $steady, $wave]) {
            $owed[$channel] += ($steady + $wave * max(0, sin($tick / 260 + strlen($channel)) + sin($tick / 90) / 2)) / 50;
            for (; $owed[$channel] >= 1; $owed[$channel]--) {
                $publisher->publish($channel, 'changed', str_repeat('x', 160));
            }
        }
        usleep(20000);
    }`

const directory = mkdtempSync(join(tmpdir(), 'canyon-top-'))
const children = []
const tmux = (...args) => execFileSync('tmux', ['-u', '-f', '/dev/null', '-S', join(directory, 'tmux'), ...args], { encoding: 'utf8' })
const hmac = (text) => `${APP.key}:${createHmac('sha256', APP.secret).update(text).digest('hex')}`

function start(program, args, options = {}) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options })
    children.push(child)
    return child
}

function subscribe(url, channel, user, auth) {
    const socket = new WebSocket(`${url}/app/${APP.key}?protocol=7`)
    socket.on('message', (text) => {
        const { event, data } = JSON.parse(text)
        if (event !== 'pusher:connection_established') return
        const { socket_id } = JSON.parse(data)
        const channel_data = channel.startsWith('presence-') ? JSON.stringify({ user_id: String(user) }) : undefined
        const signed = [socket_id, channel, channel_data].filter(Boolean).join(':')
        const data_ = channel.startsWith('p') ? { channel, auth: auth ?? hmac(signed), channel_data } : { channel }
        socket.send(JSON.stringify({ event: 'pusher:subscribe', data: data_ }))
    })
    return socket
}

// Client events, some each second.
function whisper(url, channel) {
    const socket = subscribe(url, channel, 'w')
    const send = () => socket.send(JSON.stringify({ event: 'client-typing', channel, data: '{}' }))
    setInterval(() => socket.readyState === WebSocket.OPEN && send(), 90)
}

try {
    const settings = `listen = ["127.0.0.1:0"]\nqueue = "${join(directory, 'queue')}"\nworkers = 2\n[[app]]\n`
    const app = Object.entries(APP).map(([name, value]) => `${name} = "${value}"\n`).join('')
    writeFileSync(join(directory, 'canyon.toml'), settings + app)
    const server = start(CANYON_BIN, ['serve', '--no-parent', '--config', join(directory, 'canyon.toml'), '--log-level', 'warn'])
    const ready = await new Promise((resolve) => createInterface(server.stdout).once('line', resolve))
    const port = Number(ready.split(':').at(-1))
    const url = `ws://127.0.0.1:${port}`

    for (const [channel, [count]] of Object.entries(CHANNELS)) {
        for (let user = 0; user < count; user++) subscribe(url, channel, user)
    }
    start(PHP84, ['-r', PUBLISHER, '--', join(directory, 'queue'), JSON.stringify(CHANNELS)], { env: { ...process.env, CANYON_EXTENSION: CANYON_EXT84 } })
    whisper(url, 'presence-room.lobby')
    await sleep(Number(SECONDS) * 1000 / 2)
    subscribe(url, 'private-account.99', 0, `${APP.key}:${'0'.repeat(64)}`)

    const top = `${CANYON_BIN} top --url http://127.0.0.1:${port} --app ${Object.values(APP).join(':')}`
    tmux('new-session', '-d', '-x', String(COLUMNS), '-y', String(LINES), top)
    await sleep(Number(SECONDS) * 1000 / 2)
    const screen = tmux('capture-pane', '-p', '-e').replace(`:${port} `, ':8080'.padEnd(String(port).length + 2))
    process.stdout.write(drawing(screen, COLUMNS, LINES))
} finally {
    try {
        tmux('kill-server')
    } catch {
        // It never began.
    }
    for (const child of children) child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
}
process.exit(0)
