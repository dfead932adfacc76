// Remembers everything that happens to an Echo. For Node and for a page.

/** Follows a public, a private and a presence channel; what is remembered goes on growing. */
export function follow(echo, { open, guarded, present }) {
    const seen = { states: [], errors: [], subscribed: 0, numbers: { open: [], guarded: [], present: [] }, whispers: [], here: [], joined: [], left: [] }
    const { connection } = echo.connector.pusher
    connection.bind('state_change', ({ current }) => seen.states.push(current))
    connection.bind('error', (error) => seen.errors.push(JSON.stringify(error)))
    const channels = { open: echo.channel(open), guarded: echo.private(guarded), present: echo.join(present) }
    for (const [kind, channel] of Object.entries(channels)) {
        channel.subscribed(() => { seen.subscribed++ })
        channel.listen('.numbered', ({ number }) => seen.numbers[kind].push(number))
    }
    channels.guarded.listenForWhisper('numbered', ({ number }) => seen.whispers.push(number))
    channels.present
        .here((members) => seen.here.push(members.length))
        .joining((member) => seen.joined.push(member.name))
        .leaving((member) => seen.left.push(member.name))
    return {
        seen,
        socketId: () => echo.socketId(),
        state: () => connection.state,
        whisper: (number) => { channels.guarded.whisper('numbered', { number }) },
    }
}
