"""NumPy's file formats. What writes them runs on Python 3.8 with numpy alone, for the recorder.

Writing (3.8):

    write            an .npz file of any size, with little memory
    object_arrays    the pickle of an object array, as a member of such a file

Both (3.8):

    npy              the header of an .npy file

Reading (3.10):

    archive          an .npz file that is open: begin here
    safe_pickle      what stands in a pickle, without running its code; pickle_machine and pickle_opcodes are its parts
    pickled_values   what a pickle may build
"""
