// A FastCGI client with one request per connection: what nginx does without keep-alive.
// One connection per request lets php-fpm hand every request to any idle worker.

import net from 'node:net'

const VERSION = 1
const BEGIN_REQUEST = 1
const END_REQUEST = 3
const PARAMS = 4
const STDIN = 5
const STDOUT = 6
const STDERR = 7
const RESPONDER = 1
const REQUEST_ID = 1
const HEADER_LENGTH = 8

function record(type, content = Buffer.alloc(0)) {
    const header = Buffer.alloc(HEADER_LENGTH)
    header.writeUInt8(VERSION, 0)
    header.writeUInt8(type, 1)
    header.writeUInt16BE(REQUEST_ID, 2)
    header.writeUInt16BE(content.length, 4)
    return Buffer.concat([header, content])
}

// Lengths over 127 take four bytes with the highest bit set.
function length(value) {
    if (value < 0x80) return Buffer.from([value])
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE((value | 0x80000000) >>> 0)
    return bytes
}

function encodeParams(params) {
    return Buffer.concat(
        Object.entries(params).flatMap(([name, value]) => {
            const [key, content] = [Buffer.from(name), Buffer.from(String(value))]
            return [length(key.length), length(content.length), key, content]
        }),
    )
}

function encodeRequest(params) {
    const begin = Buffer.alloc(8)
    begin.writeUInt16BE(RESPONDER, 0)
    return Buffer.concat([
        record(BEGIN_REQUEST, begin),
        record(PARAMS, encodeParams(params)),
        record(PARAMS),
        record(STDIN),
    ])
}

function decodeRecords(bytes) {
    const streams = { [STDOUT]: [], [STDERR]: [] }
    let ended = false
    for (let at = 0; at + HEADER_LENGTH <= bytes.length; ) {
        const type = bytes.readUInt8(at + 1)
        const contentLength = bytes.readUInt16BE(at + 4)
        const content = bytes.subarray(at + HEADER_LENGTH, at + HEADER_LENGTH + contentLength)
        streams[type]?.push(content)
        ended ||= type === END_REQUEST
        at += HEADER_LENGTH + contentLength + bytes.readUInt8(at + 6)
    }
    return {
        ended,
        stdout: Buffer.concat(streams[STDOUT]).toString(),
        stderr: Buffer.concat(streams[STDERR]).toString(),
    }
}

/** Runs a script over php-fpm's socket; resolves to `{ status, body }`. */
export function request(socketPath, script, params) {
    return new Promise((resolve, reject) => {
        const chunks = []
        const socket = net.connect(socketPath)
        socket.on('error', reject)
        socket.on('data', (chunk) => chunks.push(chunk))
        socket.on('end', () => {
            const { ended, stdout, stderr } = decodeRecords(Buffer.concat(chunks))
            if (!ended) return reject(new Error(`php-fpm closed the connection in the middle of an answer: ${stdout}${stderr}`))
            const [head, ...rest] = stdout.split('\r\n\r\n')
            const status = Number(/^Status: (\d+)/m.exec(head)?.[1] ?? 200)
            resolve({ status, body: rest.join('\r\n\r\n') + stderr })
        })
        socket.write(
            encodeRequest({
                GATEWAY_INTERFACE: 'CGI/1.1',
                REQUEST_METHOD: 'GET',
                SCRIPT_FILENAME: script,
                SCRIPT_NAME: '/publish.php',
                SERVER_PROTOCOL: 'HTTP/1.1',
                ...params,
            }),
        )
    })
}
