// A proxy before a server, configured by the very recipe that canyon:install writes for the application.

import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

import { until } from '../../support/until.mjs'

const RECIPES = new URL('../../../stubs/deploy/', import.meta.url)

const running = new Set()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** The recipe as canyon:install fills it in. */
function recipe(file, values) {
    return fs.readFileSync(new URL(file, RECIPES), 'utf8').replaceAll(/\{\{ (\w+) \}\}/g, (_, name) => {
        if (values[name] === undefined) throw new Error(`the recipe ${file} asks for ${name}`)
        return values[name]
    })
}

const values = (app, prefix, port) => ({
    app_id: app.id, app_key: app.key, path_prefix: prefix, port, domain: 'localhost', public_path: '/nowhere', php_version: '8.4',
    silence: (app.settings.activity_timeout ?? 50) + 60,
})

/** What each proxy is run with: its files, and the command in their folder. */
const proxies = {
    nginx(apps, prefix, upstream, port) {
        const files = Object.fromEntries(apps.map((app) => [`${app.id}.conf`, recipe('nginx/canyon.conf', values(app, prefix, upstream))]))
        files['nginx.conf'] = `
            daemon off;
            worker_processes 1;
            pid nginx.pid;
            error_log stderr warn;
            events { worker_connections 1024; }
            http {
                access_log off;
                client_body_temp_path body;
                proxy_temp_path proxy;
                fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi;
                scgi_temp_path scgi;
                server {
                    listen 127.0.0.1:${port};
                    ${apps.map((app) => `include ${app.id}.conf;`).join('\n')}
                    location / { return 404 "a page of the site\\n"; }
                }
            }`
        return { files, command: (folder) => [process.env.NGINX, '-p', folder, '-e', 'stderr', '-c', 'nginx.conf'], check: ['-t'] }
    },

    caddy(apps, prefix, upstream, port) {
        // No certificate, no PHP, and one site for all apps; what belongs to Canyon is as it was written.
        const handles = apps.map((app) => {
            const text = recipe('caddy/Caddyfile', values(app, prefix, upstream))
            const site = /^\t@canyon .*?^\t\}\n/ms.exec(text.slice(text.indexOf('\n\t# The WebSocket path')))
            return site[0].replaceAll('@canyon', `@canyon${app.id}`)
        })
        const files = {
            Caddyfile: `{\n\tadmin off\n\tauto_https off\n}\nhttp://:${port} {\n\tbind 127.0.0.1\n${handles.join('\n')}\n\trespond "a page of the site\n" 404\n}\n`,
        }
        return { files, command: () => [process.env.CADDY, 'run', '--config', 'Caddyfile'], check: null }
    },
}

export const names = Object.keys(proxies)

export class Proxy {
    #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'canyon-proxy-'))
    #child

    /** A proxy of this kind before the server on that port. */
    static async start(kind, apps, prefix, upstream) {
        const proxy = new Proxy()
        try {
            await proxy.#launch(kind, apps, prefix, upstream)
        } catch (error) {
            await proxy.close()
            throw error
        }
        return proxy
    }

    get log() { return fs.readFileSync(path.join(this.#folder, 'log'), 'utf8') }

    async #launch(kind, apps, prefix, upstream) {
        // Started by root, nginx serves as nobody, who has to get at its folders.
        fs.chmodSync(this.#folder, 0o755)
        this.port = await unusedPort()
        const { files, command, check } = proxies[kind](apps, prefix, upstream, this.port)
        for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(this.#folder, name), text)
        const [program, ...args] = command(this.#folder)
        const options = { cwd: this.#folder, env: { PATH: process.env.PATH, HOME: this.#folder } }
        if (check) {
            const checked = spawnSync(program, [...args, ...check], { ...options, encoding: 'utf8' })
            if (checked.status !== 0) throw new Error(`${kind} does not accept its configuration:\n${checked.error ?? checked.stderr}`)
        }
        const log = fs.openSync(path.join(this.#folder, 'log'), 'a')
        this.#child = spawn(program, args, { ...options, stdio: ['ignore', log, log] })
        fs.closeSync(log)
        running.add(this.#child)
        this.#child.ended = new Promise((resolve) => {
            this.#child.on('error', resolve)
            this.#child.on('exit', resolve)
        }).finally(() => running.delete(this.#child))
        await until(`${kind} to listen`, () => {
            if (!running.has(this.#child)) throw new Error(`${kind} ended before it was ready:\n${this.log}`)
            return isOpen(this.port)
        })
    }

    /** Ends it, and removes its files. */
    async close() {
        if (running.has(this.#child)) {
            this.#child.kill('SIGTERM')
            await this.#child.ended
        }
        fs.rmSync(this.#folder, { recursive: true, force: true })
    }
}

async function unusedPort() {
    const listener = net.createServer()
    await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address()
    await new Promise((resolve) => listener.close(resolve))
    return port
}

function isOpen(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => {
            socket.destroy()
            resolve(true)
        })
        socket.on('error', () => resolve(false))
    })
}
