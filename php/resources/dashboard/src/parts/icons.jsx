// Drawn, so that nothing is fetched.

const Icon = ({ children, size = 16 }) => (
    <svg viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">{children}</svg>
)

export const Sun = () => <Icon><circle cx="8" cy="8" r="2.75" /><path d="M8 1.5v1.25M8 13.25v1.25M1.5 8h1.25M13.25 8h1.25M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9" /></Icon>
export const Moon = () => <Icon><path d="M13.5 9.5A5.75 5.75 0 0 1 6.5 2.5a5.75 5.75 0 1 0 7 7z" /></Icon>
export const Search = () => <Icon><circle cx="7" cy="7" r="4.25" /><path d="m10.25 10.25 3.25 3.25" /></Icon>
export const Pause = () => <Icon><path d="M5.5 3.5v9M10.5 3.5v9" /></Icon>
export const Play = () => <Icon><path d="M5 3.25v9.5l7.5-4.75z" /></Icon>
export const Chevron = () => <Icon size={12}><path d="m6 3.5 4.5 4.5L6 12.5" /></Icon>
export const Back = () => <Icon><path d="M9.5 3.5 5 8l4.5 4.5" /></Icon>

export const Mark = () => (
    <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
        <path fill="#e0a878" d="M0 9h10l1 6H0zM32 9H22l-1 6h11z" />
        <path fill="#c8743f" d="M0 14h11l-2 7H0zM32 14H21l2 7h9z" />
        <path fill="#94431f" d="M0 20h9l3 9H0zM32 20h-9l-3 9h12z" />
        <path stroke="#2aa5a0" stroke-width="2.2" stroke-linecap="round" d="M8 9h16" />
        <circle cx="19" cy="9" r="3.1" fill="#2aa5a0" />
    </svg>
)
