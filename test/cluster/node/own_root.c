// own_root FOLDER COMMAND...
// Makes the root directory the root of the mount namespace as well, then becomes the command. They differ in a chroot,
// and container runtimes pivot the namespace's root: a container would see the machine outside the chroot. FOLDER is an
// empty folder to bind the root directory to. Run it in a private mount namespace of its own.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static void check(const char *what, long result)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	check("bind the root directory", mount("/", argv[1], NULL, MS_BIND | MS_REC, NULL));
	int new_root = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	check("open the new root", new_root);
	int namespace = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	check("open the mount namespace", namespace);
	// Joining a mount namespace, even one's own, leads out of a chroot to the namespace's root.
	check("enter the mount namespace", setns(namespace, CLONE_NEWNS));
	check("go to the new root", fchdir(new_root));
	check("pivot the root", syscall(SYS_pivot_root, ".", "."));
	// The old root now lies over the new one.
	check("unmount the old root", umount2(".", MNT_DETACH));
	check("go to the root", chdir("/"));
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
