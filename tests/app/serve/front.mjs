// The HTTP server in front of php-fpm: files of public/ as they are, everything else to index.php.
// It takes the place of nginx, so that the demo needs neither its package nor its configuration.

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

import { request as fastcgi } from './fastcgi.mjs'

const MAX_BODY = 1024 * 1024

const TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.svg': 'image/svg+xml',
}

/** Creates the server; the caller lets it listen. `log` receives lines worth keeping. */
export function createFront({ root, socket, log }) {
    return createServer((request, response) => {
        answer(request, response, { root, socket, log }).catch((error) => {
            log(`${request.method} ${request.url}: ${error.message}`)
            if (response.headersSent) return response.destroy()
            response.writeHead(502, { 'Content-Type': 'text/plain' }).end(`php-fpm did not answer: ${error.message}\n`)
        })
    })
}

async function answer(request, response, context) {
    const url = new URL(request.url, 'http://front')

    if (['GET', 'HEAD'].includes(request.method) && (await sendFile(url.pathname, request, response, context.root))) {
        return
    }

    const body = await read(request)
    if (body === null) {
        response.writeHead(413, { Connection: 'close', 'Content-Type': 'text/plain' }).end('Too much data.\n')
        return
    }

    const answer = await fastcgi(context.socket, params(request, url, body, context.root), body)
    if (answer.errors) context.log(answer.errors.trimEnd())

    for (const [name, value] of answer.headers) response.appendHeader(name, value)
    response.writeHead(answer.status).end(request.method === 'HEAD' ? undefined : answer.body)
}

// Only known types: whatever else lies in public/ (index.php) is no file to hand out.
async function sendFile(pathname, request, response, root) {
    const type = TYPES[extname(pathname)]
    if (!type) return false

    // `normalize` on an absolute path cannot climb above its root.
    const path = join(root, normalize(decodeURIComponent(pathname)))
    const file = await stat(path).catch(() => null)
    if (!file?.isFile()) return false

    const tag = `"${file.size.toString(36)}-${Math.trunc(file.mtimeMs).toString(36)}"`
    const headers = { 'Content-Type': type, 'Cache-Control': 'no-cache', ETag: tag }
    if (request.headers['if-none-match'] === tag) {
        response.writeHead(304, headers).end()
    } else {
        response.writeHead(200, { ...headers, 'Content-Length': file.size })
        if (request.method === 'HEAD') response.end()
        else createReadStream(path).on('error', () => response.destroy()).pipe(response)
    }
    return true
}

async function read(request) {
    const chunks = []
    let size = 0
    for await (const chunk of request) {
        size += chunk.length
        if (size > MAX_BODY) return null
        chunks.push(chunk)
    }
    return Buffer.concat(chunks)
}

function params(request, url, body, root) {
    const params = {
        GATEWAY_INTERFACE: 'CGI/1.1',
        SERVER_SOFTWARE: 'canyon-demo',
        SERVER_PROTOCOL: `HTTP/${request.httpVersion}`,
        SERVER_NAME: '127.0.0.1',
        SERVER_ADDR: request.socket.localAddress,
        SERVER_PORT: request.socket.localPort,
        REMOTE_ADDR: request.socket.remoteAddress,
        REMOTE_PORT: request.socket.remotePort,
        DOCUMENT_ROOT: root,
        SCRIPT_FILENAME: join(root, 'index.php'),
        SCRIPT_NAME: '/index.php',
        REQUEST_METHOD: request.method,
        REQUEST_URI: request.url,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        CONTENT_LENGTH: body.length,
        REDIRECT_STATUS: 200,
    }
    for (const [name, value] of Object.entries(request.headers)) {
        // "Proxy" would become HTTP_PROXY, which HTTP clients in PHP obey (httpoxy).
        if (name !== 'proxy') params[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] = value
    }
    return params
}
