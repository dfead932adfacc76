// The ways into other namespaces, as containers are made of them.

import { spawnSync } from 'node:child_process'

// Root needs no user namespace; others are root in one of their own, where the host allows that.
const unshare = process.getuid() === 0 ? ['unshare'] : ['unshare', '--map-root-user']

const works = (...command) => spawnSync(command[0], command.slice(1), { stdio: 'ignore' }).status === 0

/** Whether this host lets us make a mount namespace and mount something in it. */
export const canMount = () => works(...unshare, '--mount', 'mount', '--bind', '/tmp', '/mnt')

/** Whether this host lets us make a PID namespace with a /proc of its own. */
export const canHidePids = () => works(...unshare, '--pid', '--fork', '--kill-child', '--mount-proc', 'true')

/** A command prefix: in a mount namespace where each of the paths shows something else. */
export function mounted(sources) {
    const mounts = Object.entries(sources).map(([target, source]) => `mount --bind '${source}' '${target}' && `).join('')
    return [...unshare, '--mount', 'sh', '-c', `${mounts}exec "$@"`, 'sh']
}

/** A command prefix: in a PID namespace, where the program that follows is process 1. */
export const inPidNamespace = [...unshare, '--pid', '--fork', '--kill-child', '--mount-proc']
