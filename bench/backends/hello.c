/* FastCGI's own library. It serves one connection at a time, so there is a process for each. Arguments: the socket's path,
   how many processes. */

#include <fcgiapp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  FCGX_Request request;
  int processes = argc > 2 ? atoi(argv[2]) : 1;
  FCGX_Init();
  int listener = FCGX_OpenSocket(argv[1], 512);
  for (int child = 0; child < processes; child++) {
    if (fork() != 0)
      continue;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    FCGX_InitRequest(&request, listener, 0);
    while (FCGX_Accept_r(&request) == 0) {
      FCGX_PutS("Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!", request.out);
      FCGX_Finish_r(&request);
    }
    return 0;
  }
  while (wait(NULL) > 0)
    ;
  return 0;
}
