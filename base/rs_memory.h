/*
 * What a process does with memory that it has freed.
 *
 * By default the C library gives large pieces back to the system at once, and the next run of the same
 * kind finds new pages one fault at a time: a fifth of a decode point of 10 ms. A program that does the
 * same work many times keeps them.
 */
#ifndef RS_MEMORY_H
#define RS_MEMORY_H

/* For main(), before anything is allocated: freed pieces up to 32 MiB stay with the process. Does nothing
 * where the C library has no such choice. */
void rs_memory_keep(void);

#endif
