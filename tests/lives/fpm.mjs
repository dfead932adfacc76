// php-fpm: starting one, and loading one.

import fs from 'node:fs'

import { until } from '../support/until.mjs'
import { PATIENCE } from './programs.mjs'

const isRoot = process.getuid() === 0

/** Starts php-fpm. `pools` are settings by the name of the pool, `php` are settings of PHP. */
export async function startFpm(life, { global = {}, pools = {}, php = {}, prefix = [] } = {}) {
    const log = life.path('fpm.log')
    const lines = (settings) => Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
    const sockets = {}
    const sections = Object.entries(pools).map(([name, pool]) => {
        sockets[name] = life.path(`${name}.sock`)
        const own = { listen: sockets[name], 'php_admin_flag[display_errors]': 'on', ...(isRoot ? { user: 'root', group: 'root' } : {}) }
        return [`[${name}]`, ...lines({ ...own, ...pool })].join('\n')
    })
    const settings = { error_log: log, daemonize: 'no', process_control_timeout: '10s', ...global }
    const config = life.write('fpm.conf', ['[global]', ...lines(settings), ...sections].join('\n') + '\n')
    const definitions = Object.entries(php).flatMap(([name, value]) => ['-d', `${name}=${value}`])
    const [command, ...args] = [...prefix, life.tools.phpFpm, ...definitions, '--nodaemonize', '--fpm-config', config]
    const fpm = life.run('php-fpm', command, isRoot ? [...args, '--allow-to-run-as-root'] : args, { env: life.environment() })
    fpm.log = () => (fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : '')
    fpm.sockets = sockets
    /** Waits until its log matches, `times` times. */
    fpm.logs = (pattern, times = 1) => until(`php-fpm to log ${pattern}`, () => {
        const found = [...fpm.log().matchAll(new RegExp(pattern, 'g'))].length >= times
        if (!found && fpm.hasEnded) throw new Error(`php-fpm ended: ${fpm.output}${fpm.log()}`)
        return found
    }, PATIENCE)
    await fpm.logs(/ready to handle connections/)
    return fpm
}

/**
 * Sends requests over several lanes, each the next one when the one before is answered, until there were `requests` or
 * `until` holds. Resolves to the answers and the series that were not answered.
 */
export async function load(life, socket, { lanes = 4, requests = Infinity, events = 5, name = 'r', until: enough = () => false, ...asked }) {
    const answers = []
    const unanswered = []
    let next = 0
    const lane = async (number) => {
        while (next < requests && !enough(answers)) {
            const series = `${name}${next++}`
            try {
                answers.push({ series, ...(await life.ask(socket, { series, count: events, lane: `${name}-${number}`, ...asked })) })
            } catch (error) {
                unanswered.push({ series, error })
                if (unanswered.length > 20) throw new Error(`too many requests fail: ${error.stack}`)
            }
        }
    }
    await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
    return { answers, unanswered }
}

/** What the ledger must hold after a load. */
export function published({ answers, unanswered }) {
    return Object.fromEntries([
        ...answers.map(({ series, published }) => [series, published]),
        ...unanswered.map(({ series }) => [series, { least: 0 }]),
    ])
}

/** The worker processes of a php-fpm. */
export function workersOf(fpm) {
    return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
        try {
            return Number(/^PPid:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) === fpm.pid
        } catch {
            return false // It has ended meanwhile.
        }
    })
}
