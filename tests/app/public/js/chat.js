import { api, connect, disconnect, onTerminated } from './connection.js'
import { Room } from './chat/room.js'
import { avatar } from './chat/view.js'
import { watchJourneys } from './journey.js'
import { toast } from './toast.js'

// sessionStorage belongs to one window: that is what makes two windows two people.
const STORED = 'canyon.demo.user'

const signIn = document.getElementById('sign-in')
const chat = document.getElementById('chat')
const roomButtons = [...document.querySelectorAll('[data-room]')]

let room = null

document.querySelectorAll('[data-sign-in]').forEach((button) => button.addEventListener('click', async () => {
    try {
        const session = await api('POST', '/chat/sign-in', { user: Number(button.dataset.signIn) })
        sessionStorage.setItem(STORED, JSON.stringify(session))
        enter(session)
    } catch (error) {
        toast('critical', 'Not signed in', error.message)
    }
}))

document.getElementById('sign-out').addEventListener('click', () => {
    leave()
    signIn.querySelector('button').focus()
})

const stored = sessionStorage.getItem(STORED)
if (stored) enter(JSON.parse(stored))
else leave()

function enter(session) {
    signIn.hidden = true
    chat.hidden = false
    document.title = `${session.user.name} · Canyon demo`
    document.getElementById('my-name').textContent = session.user.name
    document.getElementById('my-avatar').replaceWith(avatar(session.user, { id: 'my-avatar' }))

    const echo = connect(session.token)
    watchJourneys(echo)
    onTerminated(() => {
        leave()
        toast('critical', `${session.user.name} was disconnected`, 'Somebody did that on the page “Server”.')
    })

    const open = (button) => {
        room?.leave()
        roomButtons.forEach((other) => other.setAttribute('aria-pressed', String(other === button)))
        room = new Room(button.dataset, { echo, session, onSignedOut: leave })
    }
    roomButtons.forEach((button) => { button.onclick = () => open(button) })
    open(roomButtons[0])
}

function leave() {
    // First: pusher-js would send the unsubscriptions into a socket that is closing.
    disconnect()
    room?.leave()
    room = null
    sessionStorage.removeItem(STORED)
    document.title = 'Chat room · Canyon demo'
    chat.hidden = true
    signIn.hidden = false
}
