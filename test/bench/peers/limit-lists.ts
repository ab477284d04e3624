/** Batches of work, and batches of results. */
export const todoList = 'todo';
export const doneList = 'done';
