// What lies between a client and the server, and can be cut.

import net from 'node:net'
import { once } from 'node:events'

export class Cable {
    #ends = new Set()
    #listener

    /**
     * Clients connect to `host` and `port` of the cable instead of those of the server. With `forwardedFor` it is a proxy, which
     * tells the server that they come from this address.
     */
    static async lay(server, { forwardedFor } = {}) {
        const cable = new Cable()
        cable.#listener = net.createServer((client) => {
            const upstream = net.connect(server.port, server.host)
            for (const [one, other] of [[client, upstream], [upstream, client]]) {
                cable.#ends.add(one)
                if (forwardedFor && one === client) client.once('data', (head) => tell(forwardedFor, head, client, upstream))
                else one.pipe(other)
                one.on('error', () => {})
                one.on('close', () => {
                    cable.#ends.delete(one)
                    other.destroy()
                })
            }
        })
        cable.#listener.listen(0, '127.0.0.1')
        await once(cable.#listener, 'listening')
        cable.host = '127.0.0.1'
        cable.port = cable.#listener.address().port
        return cable
    }

    /** Ends all connections; new ones are possible at once. */
    cut() { this.#ends.forEach((end) => end.destroy()) }

    async close() {
        this.cut()
        this.#listener.close()
        await once(this.#listener, 'close')
    }
}

/** Passes the head of a request on with another header, and then everything else. */
function tell(address, head, client, upstream) {
    const end = head.indexOf('\r\n') + 2
    upstream.write(head.subarray(0, end))
    upstream.write(`X-Forwarded-For: ${address}\r\n`)
    upstream.write(head.subarray(end))
    client.pipe(upstream)
}
