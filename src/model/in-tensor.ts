/** Errors that say which tensor they are about. */
import { quote } from '../core/errors.js';

/** Runs `action`; an error that it throws keeps its class and code, and its message begins with the tensor's name. */
export function inTensor<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error) error.message = `tensor ${quote(name)}: ${error.message}`;
    throw error;
  }
}
