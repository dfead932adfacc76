// A FastCGI client, as small as one front server for php-fpm needs it: one request per connection, bodies held in memory.
// https://fastcgi-archives.github.io/FastCGI_Specification.html

import { connect } from 'node:net'

const BEGIN_REQUEST = 1
const END_REQUEST = 3
const PARAMS = 4
const STDIN = 5
const STDOUT = 6
const STDERR = 7
const RESPONDER = 1
const MAX_CONTENT = 0xffff

function record(type, content) {
    const header = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 0xff, 0, 0])
    return Buffer.concat([header, content])
}

// A stream ends with an empty record; long content is cut into several.
function stream(type, content) {
    const records = []
    for (let at = 0; at < content.length; at += MAX_CONTENT) {
        records.push(record(type, content.subarray(at, at + MAX_CONTENT)))
    }
    records.push(record(type, Buffer.alloc(0)))
    return Buffer.concat(records)
}

function length(n) {
    if (n < 128) return Buffer.from([n])
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE((n | 0x80000000) >>> 0)
    return bytes
}

function encodeParams(params) {
    const parts = []
    for (const [name, value] of Object.entries(params)) {
        const [n, v] = [Buffer.from(name), Buffer.from(String(value))]
        parts.push(length(n.length), length(v.length), n, v)
    }
    return Buffer.concat(parts)
}

// `Status: 404 Not Found` and headers, an empty line, the body.
function parseCgi(output) {
    const end = output.indexOf('\r\n\r\n')
    if (end < 0) throw new Error('php-fpm answered without headers')

    let status = 200
    const headers = []
    for (const line of output.subarray(0, end).toString('latin1').split('\r\n')) {
        const colon = line.indexOf(':')
        const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()]
        if (name.toLowerCase() === 'status') status = parseInt(value, 10)
        else headers.push([name, value])
    }
    return { status, headers, body: output.subarray(end + 4) }
}

/** Sends one request to the php-fpm that listens on `socket`. Resolves to { status, headers, body, errors }. */
export function request(socket, params, body) {
    return new Promise((resolve, reject) => {
        const out = []
        const errors = []
        let pending = Buffer.alloc(0)
        let finished = false

        const connection = connect(socket)
        connection.on('error', reject)
        connection.on('close', () => finished || reject(new Error('php-fpm closed the connection in the middle of a request')))

        connection.on('data', (chunk) => {
            pending = Buffer.concat([pending, chunk])
            while (pending.length >= 8) {
                const [contentLength, padding] = [pending.readUInt16BE(4), pending[6]]
                if (pending.length < 8 + contentLength + padding) break
                const content = pending.subarray(8, 8 + contentLength)

                if (pending[1] === STDOUT) out.push(content)
                if (pending[1] === STDERR) errors.push(content)
                if (pending[1] === END_REQUEST) {
                    finished = true
                    connection.end()
                    try {
                        resolve({ ...parseCgi(Buffer.concat(out)), errors: Buffer.concat(errors).toString() })
                    } catch (error) {
                        reject(error)
                    }
                }
                pending = pending.subarray(8 + contentLength + padding)
            }
        })

        connection.write(Buffer.concat([
            record(BEGIN_REQUEST, Buffer.from([0, RESPONDER, 0, 0, 0, 0, 0, 0])),
            stream(PARAMS, encodeParams(params)),
            stream(STDIN, body),
        ]))
    })
}
