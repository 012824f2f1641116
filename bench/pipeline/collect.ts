// Loaded into an engine by the heap case: collects the main thread's garbage when the bench asks for it by a signal.
import { isMainThread } from 'node:worker_threads'

if (isMainThread) process.on('SIGUSR2', () => (globalThis as { gc?: () => void }).gc!())
