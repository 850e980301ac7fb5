/** Whether only a bounded part of a slow suite is wanted, as in CI: TENSORSLIM_BRIEF=1. */
export const isBrief: boolean = process.env.TENSORSLIM_BRIEF === '1';
