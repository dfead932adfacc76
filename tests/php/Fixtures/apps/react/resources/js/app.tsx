import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { Pier } from './types';
import {
    harbour,
} from './harbour';

const appName = import.meta.env.VITE_APP_NAME || 'Laravel';

createRoot(document.getElementById('app')!).render(
    <StrictMode>
        <h1>It's {appName}: {harbour({ name: 'North' } as Pier)}</h1>
    </StrictMode>,
);

// This will load the rest later...
import('./harbour');
