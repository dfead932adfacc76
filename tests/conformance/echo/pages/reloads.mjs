// A page that follows three channels with the stock Echo and pusher-js.

import Echo from 'laravel-echo'
import Pusher from 'pusher-js'

import { follow } from './follow.mjs'

window.start = ({ key, host, port }, names) => {
    const echo = new Echo({
        broadcaster: 'reverb', key, Pusher, wsHost: host, wsPort: port, forceTLS: false, enabledTransports: ['ws'],
    })
    window.followed = follow(echo, names)
}
