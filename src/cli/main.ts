#!/usr/bin/env node
/** The `tensorslim` command. */
import { start } from './start.js';

void start(process);
