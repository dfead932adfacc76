// What both pages offer to the tests: `mount` one hook in a component, see what it returned and what it heard.

/** `render(hook, args)` mounts a component that calls the hook, and returns a function that unmounts it. */
export function offer({ configureEcho, echo }, render) {
    // As the starter kits of Laravel do it; the rest comes from the VITE_REVERB_* variables.
    configureEcho({ broadcaster: 'reverb' })

    /** What callbacks were called with. */
    window.heard = []
    /** Values of a hook that returns one, in order, each once in a row. */
    window.values = []
    window.echo = echo
    window.saw = (value) => {
        if (!window.values.length || window.values.at(-1) !== value) window.values.push(value)
    }
    window.mount = (hook, args = []) => {
        const real = args.map((arg) => (arg === '@callback' ? (payload) => { window.heard.push(payload) } : arg))
        window.unmount = render(hook, real)
    }
}
