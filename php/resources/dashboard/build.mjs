// Bundles the dashboard: dist/ is committed, so that users of the package need no build step.
//
//   node php/resources/dashboard/build.mjs           writes dist/
//   node php/resources/dashboard/build.mjs --check   fails if dist/ is not what the sources make
//
// Needs NODE_PATH from tests/setup/env.sh, whose lock file holds the versions of everything in the bundle.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const packages = process.env.NODE_PATH ?? ''
const esbuild = createRequire(`${packages}/`)('esbuild')

/** What is bundled, and where its licence stands. */
const BUNDLED = {
    preact: 'LICENSE',
    'pusher-js': 'LICENCE',
    uplot: 'LICENSE',
    '@fontsource-variable/inter': 'LICENSE',
}

const NOTE = 'The dashboard of Canyon, built by build.mjs from src. Contains other works: see LICENSES.txt beside this file.'

const read = (...path) => readFileSync(join(packages, ...path))
const manifest = (name) => JSON.parse(read(name, 'package.json'))

const { outputFiles } = await esbuild.build({
    entryPoints: { app: join(here, 'src/main.jsx') },
    bundle: true,
    minify: true,
    write: false,
    outdir: join(here, 'dist'),
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    nodePaths: [packages],
    // The font and the icon are files of their own, with one version for all.
    external: ['inter.woff2'],
    legalComments: 'none',
    banner: { js: `/* ${NOTE} */`, css: `/* ${NOTE} */` },
})

const licences = Object.entries(BUNDLED).map(([name, file]) => {
    const { version, license } = manifest(name)
    return `${name} ${version} (${license})\n\n${read(name, file).toString().trim()}\n`
})

const files = {
    ...Object.fromEntries(outputFiles.map(({ path, contents }) => [path.slice(join(here, 'dist/').length), Buffer.from(contents)])),
    'icon.svg': readFileSync(join(here, 'src/icon.svg')),
    'inter.woff2': read('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'),
    'LICENSES.txt': Buffer.from(licences.join(`\n${'-'.repeat(80)}\n\n`)),
}

if (process.argv.includes('--check')) {
    const stale = Object.entries(files).filter(([name, contents]) => !isAt(join(here, 'dist', name), contents)).map(([name]) => name)
    if (stale.length > 0) {
        console.error(`Not what the sources make: ${stale.join(', ')}. Run: node php/resources/dashboard/build.mjs`)
        process.exit(1)
    }
} else {
    mkdirSync(join(here, 'dist'), { recursive: true })
    for (const [name, contents] of Object.entries(files)) {
        writeFileSync(join(here, 'dist', name), contents)
        console.log(`${name.padEnd(14)} ${String(contents.length).padStart(8)} bytes`)
    }
}

function isAt(path, contents) {
    try {
        return readFileSync(path).equals(contents)
    } catch {
        return false
    }
}
