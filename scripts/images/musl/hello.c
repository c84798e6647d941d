/* The program of the `musl` image: dynamically linked to musl, it says so and shows what it was given. */
#include <stdio.h>

int main(int argc, char **argv) {
    printf("hello from musl");
    for (int i = 1; i < argc; i++) printf(" %s", argv[i]);
    putchar('\n');
    return 0;
}
